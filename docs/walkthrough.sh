#!/bin/sh
# Builds the menu 071 through the REST API: an advertisement that cannot be skipped, a greeting, "1" to a mobile number, "2" to the
# internal number 002, any three-digit internal number dialled directly, and 050 for those who press nothing.
# It needs curl and a running server, and prints the id of everything that it makes.
#
#   docs/walkthrough.sh [ADVERTISEMENT.wav GREETING.wav]
#
# BASE            where the server answers HTTP (http://127.0.0.1:8080)
# DATA            the server's data directory, for its credentials (antiphon-data)
# CLIENT_ID, CLIENT_SECRET   in place of those credentials
# PHONE_PASSWORD  the password of the phones 002 and 050 (random)
set -eu

here=$(dirname "$0")
BASE=${BASE:-http://127.0.0.1:8080}
DATA=${DATA:-antiphon-data}
advertisement=${1:-$here/../sounds/en/demo-introduction.wav}
greeting=${2:-$here/../sounds/en/demo-welcome.wav}

# The value of a key in a small JSON text: key, text.
value() {
    printf '%s\n' "$2" | tr ',{}[]' '\n\n\n\n\n' | sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\"]*\)\"\{0,1\} *\$/\1/p" | head -n 1
}

# Sends a request and prints the body of its answer; ends the script where the answer is no success: curl's arguments.
request() {
    answer=$(curl -sS -w '\n%{http_code}' "$@") || exit 1
    body=$(printf '%s\n' "$answer" | sed '$d')
    case $(printf '%s\n' "$answer" | tail -n 1) in
        2??) printf '%s\n' "$body" ;;
        *) printf 'refused: %s\n%s\n' "$*" "$body" >&2; exit 1 ;;
    esac
}

# Sends JSON to the API: method, path, body.
send() {
    request -X "$1" "$BASE/api/ver1.0$2" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d "$3"
}

# Uploads a sound: title, file.
upload() {
    request -X POST "$BASE/api/ver1.0/client/@me/sound/" -H "Authorization: Bearer $token" -F "title=$1" -F "file=@$2"
}

credentials=$DATA/credentials.json
if [ -z "${CLIENT_ID:-}" ]; then
    [ -r "$credentials" ] || { echo "$credentials cannot be read: set DATA, or CLIENT_ID and CLIENT_SECRET" >&2; exit 1; }
    CLIENT_ID=$(sed -n 's/.*"client_id": *"\([^"]*\)".*/\1/p' "$credentials")
    CLIENT_SECRET=$(sed -n 's/.*"client_secret": *"\([^"]*\)".*/\1/p' "$credentials")
fi
password=${PHONE_PASSWORD:-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')}

token=$(value access_token "$(request -X POST "$BASE/oauth/token" \
    -d grant_type=client_credentials -d "client_id=$CLIENT_ID" -d "client_secret=$CLIENT_SECRET")")

advertisement=$(value id "$(upload advertising "$advertisement")")
echo "sound advertising: $advertisement"
greeting=$(value id "$(upload hello "$greeting")")
echo "sound hello: $greeting"

for number in 002 050; do
    phone=$(value id "$(send POST /client/@me/extension/ "{\"name\":\"$number\",\"type\":\"phone\",\"status\":\"active\"}")")
    send PUT "/extension/$phone/phone/" "{\"password\":\"$password\"}" >/dev/null
    echo "phone $number: $phone, password $password"
done

extension=$(value id "$(send POST /client/@me/extension/ \
    '{"name":"071","type":"ivr","label":"test IVR","status":"active"}')")
echo "extension 071: $extension"
ivr=/extension/$extension/ivr

context=$(value id "$(send POST "$ivr/context/" \
    '{"name":"Main","digit_len":3,"allow_any_dial":true,"inter_digit_timeout":2000,"timeout":5000}')")
echo "context Main: $context"
send PUT "$ivr/" "{\"sleep_time\":5000,\"entry_context\":$context}" >/dev/null
options=$ivr/context/$context/options

# Makes a rule: option, body.
rule() {
    echo "rule of $1: $(value id "$(send POST "$options/$1/rules/" "$2")")"
}

rule start "{\"action\":\"play_sound\",\"sound\":$advertisement,\"sound_type\":\"foreground\"}"
rule start "{\"action\":\"play_sound\",\"sound\":$greeting,\"sound_type\":\"background\"}"
send POST "$options/" '{"digits":"1"}' >/dev/null
rule 1 '{"action":"transfer","transfer_dst":"+7987654321"}'
send POST "$options/" '{"digits":"2"}' >/dev/null
rule 2 '{"action":"transfer","transfer_dst":"002"}'
rule timeout '{"action":"transfer","transfer_dst":"050"}'

echo "options: $(request "$BASE/api/ver1.0$options/" -H "Authorization: Bearer $token")"
echo "12.50 USD is said: $(value words "$(request -G "$BASE/api/ver1.0/client/@me/say/" -H "Authorization: Bearer $token" \
    -d type=money --data-urlencode 'text=12.50 USD')")"
