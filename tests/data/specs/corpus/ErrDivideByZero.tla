--------------------------- MODULE ErrDivideByZero ---------------------------
(* Division by zero.                                                         *)
EXTENDS Naturals
VARIABLE x
Init == x = 1
Next == x' = 4 \div x - 4
==============================================================================
