# Reads iCalendar from standard input with two libraries that know nothing of each
# other, and says what each read, as JSON.
import json
import sys

import icalendar
import vobject

text = sys.stdin.buffer.read().decode("utf-8")


def seen(uid, sequence, status, start, end, summary, method):
    return {"uid": str(uid), "sequence": int(sequence), "status": str(status), "start": start.strftime("%Y-%m-%dT%H:%M:%S%z"), "end": end.strftime("%Y-%m-%dT%H:%M:%S%z"), "summary": str(summary), "method": str(method)}


cal = icalendar.Calendar.from_ical(text)
first = [seen(e["UID"], e["SEQUENCE"], e["STATUS"], e["DTSTART"].dt, e["DTEND"].dt, e["SUMMARY"], cal.get("METHOD", "")) for e in cal.walk("VEVENT")]

cal = vobject.readOne(text)
method = cal.method.value if hasattr(cal, "method") else ""
second = [seen(e.uid.value, e.sequence.value, e.status.value, e.dtstart.value, e.dtend.value, e.summary.value, method) for e in cal.contents.get("vevent", [])]

json.dump([first, second], sys.stdout)
