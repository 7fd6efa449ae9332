------------------------------- MODULE Bitwise --------------------------------
(* Operators on the bits of numbers that are not negative, under the names 
   that the TLA+ Community Modules made common. A file of this name beside 
   a specification takes precedence.                                        *)
LOCAL INSTANCE Integers

RECURSIVE And(_, _, _, _)
\* Of the bits of x and y from the k-th to the n-th, those that are in both.
LOCAL Bit(x, k) == (x \div 2 ^ k) % 2
And(x, y, k, n) ==
    IF k > n THEN 0
    ELSE Bit(x, k) * Bit(y, k) * 2 ^ k + And(x, y, k + 1, n)
a & b == And(a, b, 0, 30)
a | b == a + b - (a & b)
a ^^ b == a + b - 2 * (a & b)
Not(a) == -a - 1
shiftR(n, k) == n \div 2 ^ k
===============================================================================
