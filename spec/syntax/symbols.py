"""The operator symbols of TLA+: one spelling for each, precedence and associativity."""

from __future__ import annotations

from typing import Final, NamedTuple


class Symbol(NamedTuple):
    """An operator symbol with the range of its precedence, as *Specifying Systems*, table 6."""

    name: str
    low: int
    high: int
    is_left_associative: bool = False


_RELATIONS: Final = {
    "assign": ":=",
    "bnf_rule": "::=",
    "rs_ttile": "|-",
    "rd_ttile": "|=",
    "ls_ttile": "-|",
    "ld_ttile": "=|",
    "approx": "\\approx",
    "asymp": "\\asymp",
    "cong": "\\cong",
    "doteq": "\\doteq",
    "gg": "\\gg",
    "ll": "\\ll",
    "propto": "\\propto",
    "sim": "\\sim",
    "simeq": "\\simeq",
    "sqsubset": "\\sqsubset",
    "sqsupset": "\\sqsupset",
    "sqsupseteq": "\\sqsupseteq",
}

# Keys are the node types of tree-sitter-tlaplus.
INFIX: Final = {
    "implies": Symbol("=>", 1, 1),
    "plus_arrow": Symbol("-+->", 2, 2),
    "iff": Symbol("<=>", 2, 2),
    "equiv": Symbol("<=>", 2, 2),
    "leads_to": Symbol("~>", 2, 2),
    "land": Symbol("/\\", 3, 3, True),
    "lor": Symbol("\\/", 3, 3, True),
    "eq": Symbol("=", 5, 5),
    "neq": Symbol("#", 5, 5),
    "lt": Symbol("<", 5, 5),
    "gt": Symbol(">", 5, 5),
    "leq": Symbol("<=", 5, 5),
    "geq": Symbol(">=", 5, 5),
    "in": Symbol("\\in", 5, 5),
    "notin": Symbol("\\notin", 5, 5),
    "subset": Symbol("\\subset", 5, 5),
    "subseteq": Symbol("\\subseteq", 5, 5),
    "supset": Symbol("\\supset", 5, 5),
    "supseteq": Symbol("\\supseteq", 5, 5),
    "sqsubseteq": Symbol("\\sqsubseteq", 5, 5),
    "prec": Symbol("\\prec", 5, 5),
    "preceq": Symbol("\\preceq", 5, 5),
    "succ": Symbol("\\succ", 5, 5),
    "succeq": Symbol("\\succeq", 5, 5),
    "compose": Symbol("@@", 6, 6, True),
    "map_to": Symbol(":>", 7, 7),
    "map_from": Symbol("<:", 7, 7),
    "setminus": Symbol("\\", 8, 8),
    "cap": Symbol("\\cap", 8, 8, True),
    "cup": Symbol("\\cup", 8, 8, True),
    "dots_2": Symbol("..", 9, 9),
    "dots_3": Symbol("...", 9, 9),
    "plus": Symbol("+", 10, 10, True),
    "oplus": Symbol("(+)", 10, 10, True),
    "mod": Symbol("%", 10, 11),
    "minus": Symbol("-", 11, 11, True),
    "ominus": Symbol("(-)", 11, 11, True),
    "times": Symbol("\\X", 10, 13, True),
    "mul": Symbol("*", 13, 13, True),
    "div": Symbol("\\div", 13, 13),
    "slash": Symbol("/", 13, 13),
    "circ": Symbol("\\o", 13, 13, True),
    "pow": Symbol("^", 14, 14),
    "cdot": Symbol("\\cdot", 5, 14, True),
    # Those to which no standard module gives a meaning, or Bags and TLC alone.
    **{kind: Symbol(name, 5, 5) for kind, name in _RELATIONS.items()},
    "excl": Symbol("!!", 9, 13),
    "hashhash": Symbol("##", 9, 13, True),
    "dol": Symbol("$", 9, 13, True),
    "doldol": Symbol("$$", 9, 13, True),
    "qq": Symbol("??", 9, 13, True),
    "sqcap": Symbol("\\sqcap", 9, 13, True),
    "sqcup": Symbol("\\sqcup", 9, 13, True),
    "uplus": Symbol("\\uplus", 9, 13, True),
    "wr": Symbol("\\wr", 9, 14),
    "plusplus": Symbol("++", 10, 10, True),
    "modmod": Symbol("%%", 10, 11, True),
    "vert": Symbol("|", 10, 11, True),
    "vertvert": Symbol("||", 10, 11, True),
    "minusminus": Symbol("--", 11, 11, True),
    "amp": Symbol("&", 13, 13, True),
    "ampamp": Symbol("&&", 13, 13, True),
    "mulmul": Symbol("**", 13, 13, True),
    "slashslash": Symbol("//", 13, 13),
    "odot": Symbol("(.)", 13, 13, True),
    "oslash": Symbol("(/)", 13, 13),
    "otimes": Symbol("(\\X)", 13, 13, True),
    "bigcirc": Symbol("\\bigcirc", 13, 13, True),
    "bullet": Symbol("\\bullet", 13, 13, True),
    "star": Symbol("\\star", 13, 13, True),
    "powpow": Symbol("^^", 14, 14),
}

POSTFIX: Final = {
    "sup_plus": Symbol("^+", 15, 15),
    "asterisk": Symbol("^*", 15, 15),
    "sup_hash": Symbol("^#", 15, 15),
}

PREFIX: Final = {
    "lnot": Symbol("~", 4, 4),
    "always": Symbol("[]", 4, 15),
    "eventually": Symbol("<>", 4, 15),
    "enabled": Symbol("ENABLED", 4, 15),
    "unchanged": Symbol("UNCHANGED", 4, 15),
    "powerset": Symbol("SUBSET", 8, 8),
    "union": Symbol("UNION", 8, 8),
    "domain": Symbol("DOMAIN", 9, 9),
    "negative": Symbol("-.", 12, 12),
}

# TLA+ gives these no meaning that a single state, or a pair of states, decides.
TEMPORAL: Final = frozenset({"[]", "<>", "~>", "-+->", "\\cdot"})


def conflict(outer: Symbol, inner: Symbol, *, inner_is_left: bool) -> bool:
    """Whether an operand without parentheses leaves the grouping open, so that SANY refuses it."""
    if outer.low > inner.high or inner.low > outer.high:
        return False
    groups_left = outer.is_left_associative and outer.name == inner.name
    return not (groups_left and inner_is_left)
