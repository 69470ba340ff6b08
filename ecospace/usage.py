"""Help and usage errors in the reader's language: typer takes only some of its texts from gettext."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any
from unicodedata import east_asian_width

import typer
from typer.core import TyperCommand, TyperGroup

from ecospace.language import _

#: Where the text of a command's help ends and its example begins; lists of commands leave examples out.
EXAMPLE = re.compile(r"\s*(?:Example: |示?例：)")


class Command(TyperCommand):
    """A command whose help speaks the language in force."""

    def __init__(self, *names: Any, **how: Any) -> None:
        super().__init__(*names, **how)
        words = _argument_words()
        for argument in self.params:
            if argument.param_type_name == "argument" and argument.metavar is None:
                argument.metavar = words.get(str(argument.name), argument.name)

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """The line Usage."""
        _usage(self, ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The tables of arguments and options."""
        _options(self, ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        """The option --help with its text."""
        return _help_option(super().get_help_option(ctx))

    def get_short_help_str(self, limit: int = 0) -> str:
        """What it does, in full; its example stands in its own help."""
        del limit
        return EXAMPLE.split(self.help or "")[0]


class Group(TyperGroup):
    """The list of commands, likewise."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """The line Usage."""
        _usage(self, ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The table of options, and that of commands."""
        _options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        """The option --help with its text."""
        return _help_option(super().get_help_option(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of a name; a name that is none is answered with those like it."""
        if self.get_command(ctx, args[0]) is None:
            near = get_close_matches(args[0], self.list_commands(ctx))
            text = _("there is no command {name}.").format(name=args[0])
            ctx.fail(text + (_(" Did you mean {names}?").format(names=", ".join(near)) if near else ""))
        return super().resolve_command(ctx, args)


def _usage(command: Any, context: Any, formatter: Any) -> None:
    words = {"[OPTIONS]": _("[OPTIONS]"), "COMMAND [ARGS]...": _("COMMAND [ARGS]...")}
    pieces = [words.get(piece, piece) for piece in command.collect_usage_pieces(context)]
    formatter.write_usage(context.command_path, " ".join(pieces), prefix=_("Usage: "))


def _options(command: Any, context: Any, formatter: Any) -> None:
    for kind, heading in (("argument", _("Arguments")), ("option", _("Options"))):
        found = [one.get_help_record(context) for one in command.get_params(context) if one.param_type_name == kind]
        rows = [(_with_type_words(name), text) for name, text in filter(None, found)]
        # The formatter counts signs, a terminal columns, of which a Chinese sign takes two: texts begin below one another.
        wide = [sum(east_asian_width(sign) in "WF" for sign in name) for name, _text in rows]
        if rows:
            with formatter.section(heading):
                formatter.write_dl([(name, " " * (max(wide) - signs) + text)
                                    for (name, text), signs in zip(rows, wide, strict=True)])  # fmt: skip


def _with_type_words(name: str) -> str:
    """The types of Python in words: --scale <int> as --scale <整数>."""
    words = {"path": _("path"), "str": _("text"), "int": _("whole number"), "float": _("number")}
    return re.sub(r"<(?:list\[)?(\w+)(?: range)?\]?>", lambda found: f"<{words.get(found[1].lower(), found[1])}>", name)


def _argument_words() -> dict[str, str]:
    return {
        "folder": _("folder"), "layer": _("layer"), "path": _("path"), "place": _("place"), "sites": _("sites"),
        "source": _("source"), "store": _("store"), "target": _("target"),
    }  # fmt: skip


def _help_option(option: Any) -> Any:
    if option is not None:
        option.help = _("Show this message and exit.")
    return option


class Application(typer.Typer):
    """A typer application whose commands are all of the class above."""

    def command(self, *names: Any, **how: Any) -> Any:
        """Declare a command."""
        return super().command(*names, **{"cls": Command, **how})


def usage_message(error: Any) -> str:
    """What is wrong with a command line, and where help is: for the exceptions of typer (and of click, under older ones)."""
    kind = type(error).__name__
    hint = _hint(error)
    # What typer words itself stays as it is, in English: the value and the type that it wanted.
    said = str(getattr(error, "message", "") or "")
    if kind == "NoArgsIsHelpError":
        return said
    if kind == "MissingParameter":
        text = _("{what} is missing.").format(what=hint)
    elif kind == "NoSuchOption":
        text = _("there is no option {name}.").format(name=error.option_name)
        if getattr(error, "possibilities", None):
            text += _(" Did you mean {names}?").format(names=", ".join(sorted(error.possibilities)))
    elif kind == "BadOptionUsage":
        text = _("the option {name} needs a value.").format(name=error.option_name)
    elif kind == "BadParameter" and hint:
        text = _("the value of {what} does not fit: {said}").format(what=hint, said=_wanted(said))
    elif "unexpected extra argument" in said:
        text = _("there is an argument too many: {names}").format(
            names=said.partition("(")[2].rpartition(")")[0].partition("(")[2] or said
        )
    else:
        text = said
    lines = []
    context = getattr(error, "ctx", None)
    if context is not None:
        lines = [context.get_usage(), _("Help: {command} --help").format(command=context.command_path)]
    return "\n".join([*lines, _("Error: {text}").format(text=text)])


def _wanted(said: str) -> str:
    """What typer wanted of a value, where it is one of the usual things."""
    wanted = {
        "valid integer": _("it has to be a whole number."),
        "valid number": _("it has to be a number."),
        "valid float": _("it has to be a number."),
    }
    if limits := re.search(r"is not in the range (.+?)\.?$", said):
        return _("it has to be in the range {limits}.").format(limits=limits[1])
    limit = re.search(r"(greater|less) than or equal to ([\d.]+)", said)
    if limit is not None:
        least = _("it has to be at least {number}.") if limit[1] == "greater" else _("it has to be at most {number}.")
        return least.format(number=limit[2])
    return next((text for sign, text in wanted.items() if sign in said), said)


def _hint(error: Any) -> str:
    hint = getattr(error, "param_hint", None)
    if hint is None and getattr(error, "param", None) is not None:
        hint = error.param.get_error_hint(error.ctx) if _wants_context(error.param) else error.param.get_error_hint()
    return " / ".join(hint) if isinstance(hint, (list, tuple)) else str(hint or "")


def _wants_context(parameter: Any) -> bool:
    # typer that vendors click dropped the argument.
    return "ctx" in parameter.get_error_hint.__code__.co_varnames[: parameter.get_error_hint.__code__.co_argcount]
