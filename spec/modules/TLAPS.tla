-------------------------------- MODULE TLAPS ---------------------------------
(* The names of provers, which stand in proofs alone, under the names that 
   the TLA+ Community Modules made common. A file of this name beside a    
   specification takes precedence.                                          *)
SMT == TRUE
CVC3 == TRUE
CVC4 == TRUE
Yices == TRUE
veriT == TRUE
Z3 == TRUE
Spass == TRUE
Zenon == TRUE
SlowZenon == TRUE
SlowerZenon == TRUE
VerySlowZenon == TRUE
SlowestZenon == TRUE
Isa == TRUE
Auto == TRUE
Force == TRUE
Blast == TRUE
SimplifyAndSolve == TRUE
Simplification == TRUE
AutoBlast == TRUE
PTL == TRUE
LS4 == TRUE
PropositionalTemporalLogic == TRUE
AllProvers == TRUE
AllSMT == TRUE
AllIsa == TRUE
SimpleArithmetic == TRUE
SetExtensionality == TRUE
NoSetContainsEverything == TRUE
IsaWithSetExtensionality == TRUE
ExpandENABLED == TRUE
ExpandCdot == TRUE
AutoUSE == TRUE
Lambdify == TRUE
ENABLEDaxioms == TRUE
ENABLEDrules == TRUE
ENABLEDrewrites == TRUE
LevelComparison == TRUE
EnabledWrapper == TRUE
CdotWrapper == TRUE
Trivial == TRUE
SMTT(seconds) == TRUE
CVC3T(seconds) == TRUE
CVC4T(seconds) == TRUE
YicesT(seconds) == TRUE
veriTT(seconds) == TRUE
Z3T(seconds) == TRUE
SpassT(seconds) == TRUE
ZenonT(seconds) == TRUE
IsaT(seconds) == TRUE
AutoT(seconds) == TRUE
BlastT(seconds) == TRUE
AllProversT(seconds) == TRUE
AllSMTT(seconds) == TRUE
AllIsaT(seconds) == TRUE
IsaM(tactic) == TRUE
IsaMT(tactic, seconds) == TRUE
===============================================================================
