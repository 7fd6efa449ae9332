---------------------------- MODULE Combinatorics -----------------------------
(* How many ways there are, under the names that the TLA+ Community Modules
   made common. A file of this name beside a specification takes           
   precedence.                                                              *)
EXTENDS Naturals

RECURSIVE factorial(_)
factorial(n) == IF n = 0 THEN 1 ELSE n * factorial(n - 1)

\* The subsets of k elements of a set of n.
RECURSIVE choose(_, _)
choose(n, k) ==
    IF k = 0 \/ k = n THEN 1
    ELSE IF k > n THEN 0
    ELSE choose(n - 1, k - 1) + choose(n - 1, k)
===============================================================================
