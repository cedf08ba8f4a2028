"""`python -m rustok.local`: the embedded stack from the command line."""

import argparse
import json
import shlex
import signal
import subprocess
import sys

from rustok.local import processes
from rustok.local.errors import StackError
from rustok.local.layout import Layout
from rustok.local.signals import handling
from rustok.local.stack import Stack
from rustok.local.supervisor import run


def up(stack: Stack, as_json: bool) -> int:
    """Start the servers, leave them running, print their URLs as shell or JSON."""
    stack.keep(True)
    stack.up()
    urls = stack.urls()
    print(
        json.dumps(urls) if as_json else "\n".join(f"export {key}={shlex.quote(value)}" for key, value in urls.items())
    )
    return 0


def down(stack: Stack) -> int:
    """Stop the servers."""
    stack.keep(False)
    stack.down()
    return 0


def status(stack: Stack, as_json: bool) -> int:
    """Print what runs; 1 when a needed server does not answer."""
    facts = stack.status()
    if as_json:
        print(json.dumps(facts))
    for name, fact in facts.items() if not as_json else ():
        print(
            f"{name}: {'ready' if fact['ready'] else 'not running'} {fact['pid'] or ''} {fact.get('url', '')}".rstrip()
        )
    return 0 if all(fact["ready"] for fact in facts.values()) else 1


def execute(stack: Stack, command: list[str]) -> int:
    """Run a command against the stack and return its exit code (128 + n when signal n ended it)."""
    if not command:
        raise StackError("exec needs a command: exec -- CMD …")
    # Until the command runs, SIGTERM ends us in order; then Ctrl-C reaches it by the terminal, the rest is passed on.
    with handling(lambda *_: sys.exit(143), signal.SIGTERM), stack.in_use() as urls:
        try:
            child = subprocess.Popen(command, env=processes.environment(urls))
        except OSError as error:
            raise StackError(f"cannot run {command[0]}: {error.strerror}") from error
        passed_on = handling(lambda number, _frame: child.send_signal(number), signal.SIGTERM, signal.SIGHUP)
        with handling(signal.SIG_IGN, signal.SIGINT), passed_on:
            code = child.wait()
    return code if code >= 0 else 128 - code


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    top = argparse.ArgumentParser(
        prog="python -m rustok.local",
        description="The embedded PostgreSQL and Valkey of a data directory (RUSTOK_DATA_DIR).",
    )
    commands = top.add_subparsers(dest="command", required=True)
    for name, words in (("up", "start the servers and print their URLs"), ("status", "show what runs")):
        commands.add_parser(name, help=words).add_argument("--json", action="store_true", help="print JSON")
    commands.add_parser("down", help="stop the servers")
    commands.add_parser("run", help="serve the whole platform until Ctrl-C")
    execute_parser = commands.add_parser("exec", help="run a command against the servers, then stop them")
    execute_parser.add_argument("words", nargs=argparse.REMAINDER, metavar="-- CMD", help="the command")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command; 2 with one clear line when the stack cannot be brought up."""
    options = parser().parse_args(arguments)
    try:
        layout = Layout.from_environment()
        stack = Stack(layout)
        match options.command:
            case "up":
                return up(stack, options.json)
            case "down":  # the embedded servers, also in a shell that `up` gave its URLs
                return down(Stack(layout, {}))
            case "status":
                return status(Stack(layout, {}), options.json)
            case "exec":
                return execute(stack, options.words[1:] if options.words[:1] == ["--"] else options.words)
            case _:
                return run(stack)
    except StackError as error:
        print(f"rustok.local: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
