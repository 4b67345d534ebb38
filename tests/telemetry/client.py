"""Makes with Datadog's own client the calls that stand behind DogStatsD lines, one an argument."""
import re
import sys

from datadog.dogstatsd import DogStatsd

# What the client adds to the tags of a call.
CONSTANT = DogStatsd(disable_telemetry=True)
ADDED = len(CONSTANT.constant_tags)


def own(tags):
    found = tags.split(",")
    return found[: len(found) - ADDED]


for line in sys.argv[1:]:
    line = line.removesuffix("\n")
    client = DogStatsd(disable_telemetry=True)
    tags = own(re.search(r"\|#([^|]*)", line)[1])
    if line.startswith("_e"):
        sizes = re.match(r"_e\{(\d+),(\d+)\}:", line)
        rest = line[sizes.end() :].encode()
        title, text = int(sizes[1]), int(sizes[2])
        alert = re.search(r"\|t:(\w+)", line)[1]
        text = rest[title + 1 : title + 1 + text].decode().replace("\\n", "\n")
        client.event(rest[:title].decode(), text, alert_type=alert, aggregation_key="musher", tags=tags)
    elif line.startswith("_sc"):
        _, name, status = line.split("|")[:3]
        client.service_check(name, int(status), tags=tags, message=re.search(r"\|m:([^|]*)", line)[1])
    else:
        name, value, kind = re.match(r"([^:]+):([^|]+)\|(\w)", line).groups()
        call = {"c": client.increment, "g": client.gauge, "d": client.distribution}[kind]
        call(name, float(value) if "." in value else int(value), tags=tags)
