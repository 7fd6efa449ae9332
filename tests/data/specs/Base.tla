------------------------------- MODULE Base -------------------------------
EXTENDS Naturals
CONSTANT Limit
VARIABLE x
LOCAL Hidden == 7
Double(n) == 2 * n
Seven == Hidden
BaseOK == x <= Limit
===========================================================================
