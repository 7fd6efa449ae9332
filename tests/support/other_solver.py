"""Another solver, to which the questions of the proof are put in SMT-LIB."""

import cvc5


def cvc5_says(text: str) -> str:
    """Return what it answers: sat, unsat or unknown."""
    manager = cvc5.TermManager()
    solver = cvc5.Solver(manager)
    solver.setOption("finite-model-find", "true")
    solver.setOption("tlimit-per", "60000")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    said = ""
    while not (command := parser.nextCommand()).isNull():
        said += str(command.invoke(solver, parser.getSymbolManager()) or "")
    return said.strip()
