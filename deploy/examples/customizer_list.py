"""A customizer that builds a list, which a page cannot do by itself.

A page calls `slots` for the next days on which somebody may come, and reads them to the caller one after the other.
"""

import datetime


class Appointments:
    #: Nobody comes on these days of the week; Monday is 0.
    closed = (5, 6)

    def slots(self, params, call):
        day = datetime.date.fromisoformat(params["from"])
        taken = set(params.get("taken", []))
        found = []
        while len(found) < int(params.get("count", 3)):
            day += datetime.timedelta(days=1)
            if day.weekday() not in self.closed and day.isoformat() not in taken:
                found.append({"date": day, "weekday": day.strftime("%A")})
        call.log("info", "%d days are free" % len(found))
        return found
