"""Sends the same requests through every library, and prints one table.

Each library is a process of its own that loads the requests, obeys one command a line on its standard input, and
answers with one line of JSON:

    {"do": "fresh"}                            forget everything: caches and replay store       {}
    {"do": "turn", "from": 100, "count": 50}   measure these valid requests, one by one         {"ns": [...]}
    {"do": "case", "name": "replay"}           send a special request to a fresh server         {"accepted": false, ...}

The first line it writes is {"ready": true}. Libraries take turns, and before each turn the raw verification has one,
so that whatever else the machine does slows both; a ratio is the median over the ratios of the turns.
"""

import json
import platform
import select
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

SOURCES = Path(__file__).parent
TURN = 50
# Requests of a library that has just started are not counted.
WARM_UP = 500
# Seconds that a library may take for one answer.
PATIENCE = 60
# The window of the strictest library whose window cannot be set.
FRESH = 180


class Failure(Exception):
    """A library that cannot be started, or stops."""


@dataclass
class Library:
    """A library, how to start it, and what was found."""

    name: str
    title: str
    language: str
    versions: list[str]
    command: list[str]
    requests: str
    configuration: str
    process: subprocess.Popen | None = None
    failure: str | None = None
    outcomes: dict[str, dict] = field(default_factory=dict)
    turns: list[list[int]] = field(default_factory=list)
    raw_turns: list[list[int]] = field(default_factory=list)

    def start(self, work: Path) -> None:
        arguments = [*self.command, str(work / self.requests)]
        with self.log(work).open("w") as log:
            try:
                self.process = subprocess.Popen(
                    arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
                )
            except OSError as error:
                raise Failure(f"not installed: {error.strerror}") from error
        self.answer()

    def log(self, work: Path) -> Path:
        return work / f"{self.name.replace('/', '-')}.log"

    def ask(self, **command: object) -> dict:
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
        except OSError as error:
            raise Failure("it has stopped") from error
        return self.answer()

    def answer(self) -> dict:
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            raise Failure(f"no answer in {PATIENCE} s")
        line = self.process.stdout.readline()
        if not line:
            raise Failure("it has stopped")
        return json.loads(line)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def explain(self, work: Path) -> None:
        """Adds to a failure what the library printed."""
        lines = [line.strip() for line in self.log(work).read_text().splitlines() if "error" in line.lower()]
        if lines:
            self.failure += f": {lines[-1]}"


def libraries(work: Path) -> list[Library]:
    """All of them: the raw verification and fapi-core first."""
    rust = str(work / "rust/release/fapi-peers-bench")
    crates = crate_versions()
    packages = json.loads((SOURCES / "node/package.json").read_text())["dependencies"]
    modules = dict(
        line.split("==") for line in (SOURCES / "python/requirements.txt").read_text().splitlines() if "==" in line
    )

    def crate(configuration: str, *names: str, title: str = "") -> Library:
        versions = [crates[name] for name in names if name in crates]
        title = title or " + ".join(names)
        return Library(names[0], title, "Rust", versions, [rust, names[0]], "es256.jsonl", configuration)

    def package(name: str, configuration: str) -> Library:
        command = ["node", str(work / "node/serve.js"), name]
        return Library(name, name, "Node", [packages[name]], command, "es256.jsonl", configuration)

    python = [str(work / "python/venv/bin/python"), str(SOURCES / "python/serve.py")]
    auth0 = "auth0-api-python"
    return [
        crate(
            "the signature of the proof, with a key that is parsed already",
            "raw",
            "aws-lc-rs",
            title="raw verification (aws-lc-rs)",
        ),
        crate("defaults, with its replay store in memory and a clock that stands still", "fapi-core"),
        crate(
            "`Rfc9068Validator`, DPoP required, the algorithms of FAPI 2.0, proofs of up to 300 s, no nonces; the "
            "replay store (a hash set) is the application's",
            "huskarl-resource-server",
        ),
        crate(
            "defaults, no nonces; jsonwebtoken with ES256 and `iss`, `aud`, `exp`, `sub` required; the replay store (a "
            "hash set), the comparison of `cnf.jkt` and the reading of header fields are the application's",
            "dpop-verifier",
            "jsonwebtoken",
        ),
        crate(
            "`DPoPVerifier` and `JwtAccessTokenValidator`, called in the order of its tower layer, with its replay "
            "cache in memory and no nonces; header fields were not read",
            "skyauth",
        ),
        package("oauth4webapi", "`validateJwtAccessToken`, DPoP required, the algorithms of FAPI 2.0"),
        package(
            "@atproto/oauth-provider",
            "`OAuthVerifier` with its replay store in memory; it has no setting for proof algorithms; nonces are "
            "switched off, since proofs are made ahead; its package.json asks for Node 22",
        ),
        package(
            "express-oauth2-jwt-bearer",
            "`auth` with `strict`, DPoP required, ES256 tokens; it has no setting for proof algorithms; called without "
            "express",
        ),
        Library(
            auth0,
            auth0,
            "Python",
            [modules[auth0]],
            python,
            "rs256.jsonl",
            "`verify_request`, DPoP required; with an RS256 token, since it takes no other",
        ),
    ]


def crate_versions() -> dict[str, str]:
    """What the lock file pins."""
    versions, name = {}, ""
    for line in (SOURCES / "rust/Cargo.lock").read_text().splitlines():
        key, _, value = line.partition(" = ")
        if key == "name":
            name = value.strip('"')
        elif key == "version" and name:
            versions[name] = value.strip('"')
            name = ""
    return versions


def read(path: Path) -> tuple[int, list[dict], int]:
    """How many valid requests there are, the special ones, and when they were made."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    cases = [line["case"] for line in lines if "case" in line]
    return sum("proof" in line for line in lines), cases, lines[0]["setting"]["now"]


def attempt(library: Library, work: Path, action: Callable[[Library], None]) -> None:
    """Does `action` with a library that has not failed yet."""
    if library.failure is not None:
        return
    try:
        action(library)
    except Failure as failure:
        library.failure = str(failure)
        library.stop()
        library.explain(work)


def try_cases(library: Library, cases: list[dict]) -> None:
    if library.name == "raw":
        return
    valid = library.ask(do="case", name="(valid)")
    if not valid["accepted"]:
        raise Failure(f"it refuses the valid request: {valid['refusal']}")
    for case in cases:
        library.outcomes[case["name"]] = library.ask(do="case", name=case["name"])


def warm_up(library: Library) -> None:
    for start in range(0, WARM_UP, TURN):
        library.ask(do="turn", **{"from": start, "count": TURN})
    library.ask(do="fresh")
    # The first request of a server fetches keys and fills caches; it is none of those that are counted.
    library.ask(do="turn", **{"from": 0, "count": 1})


def measure(all_libraries: list[Library], work: Path, requests: int) -> None:
    raw, *others = all_libraries
    for start in range(TURN, requests - TURN + 1, TURN):
        turn = {"from": start, "count": TURN}
        for library in others:
            raw_times = raw.ask(do="turn", **turn)["ns"]
            raw.turns.append(raw_times)
            attempt(library, work, lambda library: library.turns.append(library.ask(do="turn", **turn)["ns"]))
            library.raw_turns.append(raw_times)


def ratio(turns: list[list[int]], others: list[list[int]]) -> float:
    return median(median(turn) / median(other) for turn, other in zip(turns, others))


def row(library: Library, ours: Library, cases: list[dict]) -> dict:
    """What is known of a library."""
    valid = {case["name"] for case in cases if case["valid"]}
    accepted = {name for name, outcome in library.outcomes.items() if outcome["accepted"]}
    refused = {name for name, outcome in library.outcomes.items() if outcome["accepted"] is False}
    in_order = [case["name"] for case in cases]
    found = {
        "peer": library.title,
        "versions": library.versions,
        "language": library.language,
        "configuration": library.configuration,
        "failure": library.failure,
        "turns": len(library.turns),
        "accepted_though_wrong": [name for name in in_order if name in accepted - valid],
        "refused_though_valid": [name for name in in_order if name in refused & valid],
        "outcomes": library.outcomes,
    }
    if library.failure is None and library.turns:
        found["microseconds"] = median(time for turn in library.turns for time in turn) / 1000
        found["to_raw"] = ratio(library.turns, library.raw_turns) if library.raw_turns else 1.0
        if ours.failure is None and library.raw_turns:
            found["to_fapi_core"] = ratio(library.turns, ours.turns)
    return found


def table(rows: list[dict], cases: list[dict]) -> str:
    """The table, and what one must know to read it."""
    head = ["peer", "version", "language", "µs per request", "× raw", "× fapi-core"]
    head += ["does not check", "refuses, though valid"]
    lines = [head, ["---", "---", "---", "---:", "---:", "---:", "---", "---"]]
    for found in rows:
        numbers = [number(found, "microseconds", 1), number(found, "to_raw", 2), number(found, "to_fapi_core", 2)]
        checks = [", ".join(found[key]) or "–" for key in ("accepted_though_wrong", "refused_though_valid")]
        if found["failure"]:
            checks = [f"not measured: {found['failure']}".replace("|", "/"), "–"]
        lines.append([found["peer"], " + ".join(found["versions"]), found["language"], *numbers, *checks])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\n" + notes(rows, cases)


def number(found: dict, key: str, digits: int) -> str:
    return f"{found[key]:,.{digits}f}" if key in found else "–"


def notes(rows: list[dict], cases: list[dict]) -> str:
    """How it was measured, how each library was configured, and what was sent to find out what it checks."""
    configurations = "\n".join(f"- {found['peer']}: {found['configuration']}." for found in rows)
    reported = {name for found in rows for name in found["accepted_though_wrong"] + found["refused_though_valid"]}
    clauses = "\n".join(f"- {case['name']}: {case['clause']}." for case in cases if case["name"] in reported)
    others = ", ".join(case["name"] for case in cases if case["name"] not in reported)
    turns = max((found["turns"] for found in rows[1:]), default=0)
    return f"""{turns * TURN:,} requests of one client with one ES256 token and a new ES256 proof each, one at a time, a
process for each library, in turns of {TURN}.
Machine: {machine()}.
Times are medians of all requests after a warm-up, with keys fetched and the token seen before. A ratio is the median
over the turns: each is compared with as many raw verifications right before it, and with the turn of fapi-core in the
same round. Compare ratios, not times. One raw verification is the floor of a server that remembers the tokens it has
verified, as fapi-core does; without that, it is two.

Configuration:

{configurations}

The last two columns are what happened to requests that are wrong in one way, or unusual and valid, each sent to a fresh
server; what was not sent is not known, and a check that is off by configuration counts as not made. They rest on:

{clauses}

Every library that was run did as expected with: {others}.
A request that is special in its header fields only was not sent where the application reads those.
"""


def machine() -> str:
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.partition(": ")[2] for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        processor = models[0] if models else processor
    versions = [first_line(command) for command in (["rustc", "--version"], ["node", "--version"])]
    return f"{processor}, {platform.system()}, {versions[0]}, node {versions[1]}, Python {platform.python_version()}"


def first_line(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "(none)"


def main(work: Path) -> None:
    requests, cases, made = read(work / "es256.jsonl")
    all_libraries = libraries(work)
    raw, ours, *_ = all_libraries
    try:
        for library in all_libraries:
            for action in (lambda it: it.start(work), lambda it: try_cases(it, cases), warm_up):
                attempt(library, work, action)
        if raw.failure is not None:
            raise Failure(raw.failure)
        measure(all_libraries, work, requests)
    except Failure as failure:
        sys.exit(f"error: there is nothing to compare with: the raw verification: {failure}")
    finally:
        for library in all_libraries:
            library.stop()
    rows = [row(library, ours, cases) for library in all_libraries]
    result = table(rows, cases)
    if failed := sum(library.failure is not None for library in all_libraries):
        result += f"\n**{failed} of {len(all_libraries)} libraries could not be measured; their lines say why.**\n"
    age = time.time() - made
    if age > FRESH:
        result += f"\nThe proofs were {age:.0f} s old at the end, which may be too old for some. Run it again.\n"
    (work / "peers.md").write_text(result)
    (work / "peers.json").write_text(json.dumps({"machine": machine(), "rows": rows}, indent=2) + "\n")
    print(result)
    if failed := [library.title for library in all_libraries if library.failure is not None]:
        sys.exit(f"error: the table is not complete: not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
