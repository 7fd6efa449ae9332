-------------------------------- MODULE Folds ---------------------------------
(* Folds over sets, under the names that the TLA+ Community Modules made   
   common. A file of this name beside a specification takes precedence.     *)
\* op(f(x), op(f(y), ... base)) over the elements of a set, in the order in which
\* `choose` picks them.
RECURSIVE MapThenFoldSet(_, _, _, _, _)
MapThenFoldSet(op(_, _), base, f(_), choose(_), S) ==
    IF S = {} THEN base
    ELSE LET x == choose(S)
         IN op(f(x), MapThenFoldSet(op, base, f, choose, S \ {x}))
===============================================================================
