"""Documents of TwiML that Twilio's own package writes: one for each element with each of its attributes.

Writes a line of JSON each: the path of the element, its attribute (none for the bare element) and the document.
"""
import inspect
import json
import sys
import xml.etree.ElementTree as ET

from twilio.twiml import voice_response as twiml

# What an element needs in any case, by the name of the method that makes it.
NEEDED = {
    "say": {"message": "a"}, "play": {"url": "http://app.example/a.wav"}, "redirect": {"url": "/a"},
    "dial": {"number": "101"}, "enqueue": {"name": "a"}, "number": {"phone_number": "101"}, "sip": {"sip_url": "sip:a@a.example"},
    "client": {"identity": "a"}, "conference": {"name": "a"}, "queue": {"name": "a"}, "sim": {"sim_sid": "a"},
    "whats_app": {"phone_number": "101"}, "application": {"application_sid": "a"}, "application_sid": {"sid": "a"}, "room": {"name": "a"}, "sms": {"message": "a"},
    "autopilot": {"name": "a"}, "emphasis": {"words": "a"}, "lang": {"words": "a"}, "p": {"words": "a"}, "s": {"words": "a"},
    "phoneme": {"words": "a"}, "prosody": {"words": "a"}, "say_as": {"words": "a"}, "sub": {"words": "a"}, "w": {"words": "a"},
    "task": {"body": "{}"}, "parameter": {"name": "a", "value": "b"}, "header": {"name": "X-A", "value": "b"},
    "config": {"name": "a", "value": "b"}, "uri": {"sip_url": "sip:a@a.example"}, "identity": {"client_identity": "a"},
}
# Values of attributes that do not take `VALUE`, in any element or in one.
VALUES = {
    "loop": 2, "timeout": 5, "time_limit": 60, "num_digits": 4, "max_length": 60, "max_speech_time": 30, "speech_timeout": "auto",
    "max_participants": 5, "max_queue_size": 5, "length": 2, "priority": 1, "weight": 1, "method": "GET", "wait_method": "GET",
    "wait_url_method": "GET", "input": "dtmf speech", "finish_on_key": "#", "digits": "w12", "send_digits": "w12",
    "language": "en-GB", "language_code": "en-GB", "trim": "trim-silence", "reason": "busy", "track": "both_tracks",
    "channels": "mono", "beep": "onEnter", "caller_id": "+14155550100",
    "recording_status_callback_event": "completed", "url": "wss://app.example/a",
}
IN_ONE = {
    ("Recording", "track"): "both", ("Dial", "record"): "record-from-answer", ("Conference", "record"): "record-from-start",
    ("Conference", "status_callback_event"): "start end join leave mute", ("Queue", "url"): "/a", ("Number", "url"): "/a",
    ("Sip", "url"): "/a", ("Client", "url"): "/a", ("Dial", "trim"): "do-not-trim",
}
PARTY_EVENTS = "initiated ringing answered completed"


def value(element, parameter):
    if (element, parameter) in IN_ONE:
        return IN_ONE[(element, parameter)]
    if parameter in VALUES:
        return VALUES[parameter]
    if parameter == "status_callback_event":
        return PARTY_EVENTS
    if parameter.endswith("_method"):
        return "GET"
    return True if flag(parameter) else "/a"


def flag(parameter):
    return parameter in {
        "play_beep", "transcribe", "hangup_on_star", "answer_on_bridge", "sequential", "muted", "start_conference_on_enter",
        "end_conference_on_exit", "action_on_empty_result", "bargeIn", "barge_in", "profanity_filter", "enhanced", "debug",
        "partial_results",
    }


def methods(thing):
    own = {"append", "nest", "add_child", "add_text", "comment", "comment_before", "comment_after", "to_xml", "xml", "set_text"}
    return [name for name, _ in inspect.getmembers(type(thing), inspect.isfunction) if not name.startswith("_") and name not in own]


def parameters(thing, method):
    return [p for p in inspect.signature(getattr(thing, method)).parameters if p != "kwargs"]


def tell(root, path, attribute):
    attribute = attribute and attribute.replace("{http://www.w3.org/XML/1998/namespace}", "xml:")
    print(json.dumps({"path": path, "attribute": attribute, "document": str(root)}))


def written(root, path):
    """The element at the end of the path, and its attributes."""
    element = ET.fromstring(str(root))
    for name in path.split():
        element = [inner for inner in element if inner.tag == name][-1]
    return element


def make(chain, call, more):
    """A document in which this is called on what the chain of calls has made."""
    root = twiml.VoiceResponse()
    thing = root
    for name, arguments in chain:
        thing = getattr(thing, name)(**arguments)
    made = getattr(thing, call)(**{**NEEDED.get(call, {}), **more})
    return root, made


def walk(chain, path, thing, depth):
    for method in methods(thing):
        base = {"url": "wss://app.example/a"} if (path.split()[-1:] or [""])[0] in ("Start", "Connect") and method == "stream" else {}
        root, made = make(chain, method, base)
        own = (path + " " + made.name).strip()
        bare = set(written(root, own).attrib)
        tell(root, own, None)
        for attribute in sorted(bare):
            tell(root, own, attribute)
        for parameter in parameters(thing, method):
            if parameter in NEEDED.get(method, {}) and method not in ("parameter", "header", "config"):
                continue
            with_it, _ = make(chain, method, {**base, parameter: value(made.name, parameter)})
            found = set(written(with_it, own).attrib) - bare
            for attribute in sorted(found):
                tell(with_it, own, attribute)
        # What stands in a verb; a Dial with a number in it would not look at what else is there.
        needed = {} if method == "dial" else NEEDED.get(method, {})
        if depth < 2 and methods(made):
            walk(chain + [(method, {**needed, **base})], own, made, depth + 1)


def main():
    sys.stdout.reconfigure(encoding="utf-8")
    root = twiml.VoiceResponse()
    walk([], "", root, 0)


main()
