------------------------- MODULE ErrBagOfAllConstant -------------------------
(* BagOfAll takes a LAMBDA, but not one that does not read its argument: TLC *)
(* has evaluated it to a constant.                                           *)
EXTENDS Naturals, Bags
VARIABLE b
Init == b = SetToBag({1, 2})
Next == b' = BagOfAll(LAMBDA x : 1, b)
==============================================================================
