------------------------- MODULE ErrRecursionEndless -------------------------
(* A recursion that does not end overflows the stack.                        *)
EXTENDS Naturals
VARIABLE x
RECURSIVE Down(_)
Down(n) == IF n = 0 THEN 0 ELSE 1 + Down(n + 1)
Init == x = 0
Next == x' = Down(x + 1)
==============================================================================
