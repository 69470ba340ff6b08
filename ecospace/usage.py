"""Help and usage errors in the reader's language: typer takes only some of its texts from gettext."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from ecospace.language import _


def _usage(command: Any, context: Any, formatter: Any) -> None:
    pieces = command.collect_usage_pieces(context)
    formatter.write_usage(context.command_path, " ".join(pieces), prefix=_("Usage: "))


def _help_option(option: Any) -> Any:
    if option is not None:
        option.help = _("Show this message and exit.")
    return option


class Command(TyperCommand):
    """A command whose help speaks the language in force."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """The line Usage."""
        _usage(self, ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        """The option --help with its text."""
        return _help_option(super().get_help_option(ctx))


class Group(TyperGroup):
    """The list of commands, likewise."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """The line Usage."""
        _usage(self, ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        """The option --help with its text."""
        return _help_option(super().get_help_option(ctx))


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
        text = _("the value of {what} does not fit: {said}").format(what=hint, said=said)
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
    return "\n".join([*lines, f"{_('Error')}: {text}"])


def _hint(error: Any) -> str:
    hint = getattr(error, "param_hint", None)
    if hint is None and getattr(error, "param", None) is not None:
        hint = error.param.get_error_hint(error.ctx) if _wants_context(error.param) else error.param.get_error_hint()
    return " / ".join(hint) if isinstance(hint, (list, tuple)) else str(hint or "")


def _wants_context(parameter: Any) -> bool:
    # typer that vendors click dropped the argument.
    return "ctx" in parameter.get_error_hint.__code__.co_varnames[: parameter.get_error_hint.__code__.co_argcount]
