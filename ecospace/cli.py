"""The command line: one thin command for each public verb.

The language is settled before typer declares its commands, so that help, headings and usage errors speak it too.
"""

from __future__ import annotations

import gettext
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from ecospace.errors import EcospaceError
from ecospace.language import CATALOGUES, LOCALES, _, current, speak

if TYPE_CHECKING:
    from ecospace.usage import Application

#: The commands, in the order in which help lists them; each module declares its own.
SUBJECTS = (
    "demo",
    "init",
    "inspect",
    "convert",
    "deliver",
    "run",
    "check",
    "map",
    "accounts",
    "corridors",
    "connectivity",
    "service",
    "belts",
    "catchment",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    given = _settle_language(given)
    _speak_plainly()
    try:
        sys.exit(build()(args=given, prog_name="ecospace", standalone_mode=False) or 0)
    except EcospaceError as error:
        print(_("Error: {text}").format(text=error), file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        # typer's own exceptions know their exit status; anything else is a crash and shows where.
        if not hasattr(error, "exit_code") or not hasattr(error, "format_message"):
            raise
        from ecospace.usage import usage_message

        print(usage_message(error), file=sys.stderr)
        sys.exit(int(error.exit_code))


def build() -> Application:
    """The application in the language in force."""
    import typer

    from ecospace.usage import Application, Group

    app = Application(
        cls=Group,
        name="ecospace",
        help=_("Ecological space: ratios that add up, site checks, corridors, maps. Example: ecospace demo"),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["--help", "-h"]},
    )

    @app.callback()
    def _options(
        lang: str = typer.Option(None, "--lang", metavar="zh|en", help=_("Language of everything printed: zh or en.")),
    ) -> None:
        # The option is read before typer starts; it stands here so that help lists it.
        del lang

    for subject in SUBJECTS:
        try:
            module = import_module(f"ecospace.commands.{subject}")
        except ModuleNotFoundError as missing:
            if missing.name != f"ecospace.commands.{subject}":
                raise
            continue
        module.register(app)
    return app


def _settle_language(arguments: list[str]) -> list[str]:
    """Take --lang out of the arguments, wherever it stands, and speak it, in typer's own texts too."""
    rest: list[str] = []
    i = 0
    while i < len(arguments):
        name, equals, value = arguments[i].partition("=")
        if name == "--lang" and (equals or i + 1 < len(arguments)):
            language = value if equals else arguments[i + 1]
            i += 1 if equals else 2
            if language not in LOCALES:
                print(_("--lang is zh or en, not {language}").format(language=language), file=sys.stderr)
                sys.exit(2)
            speak(language)
            continue
        rest.append(arguments[i])
        i += 1
    os.environ["LANGUAGE"] = LOCALES[current()]
    gettext.bindtextdomain("ecospace", str(CATALOGUES))
    gettext.textdomain("ecospace")
    return rest


def _speak_plainly() -> None:
    """Terminals that cannot show a sign get a question mark, never an exception in the middle of a table."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
