---------------------------- MODULE ErrNoConstant ----------------------------
(* The .cfg gives no value to a constant.                                    *)
CONSTANT N
VARIABLE x
Init == x = N
Next == x' = x
==============================================================================
