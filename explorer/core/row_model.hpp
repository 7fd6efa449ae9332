// What a search of rows asks of the specification that it searches. All values are numbers: a state
// is a row of them, one for each variable, or several for one that is looked at in parts. Each question is asked once, and its answer remembered;
// it must depend on nothing but what the setting says that it reads, or what the answer itself does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "interner.hpp"

namespace explorer {

// What is computed when the rest of a step is known: a test, or the new number at a place. It is
// asked for under its number, of which there are no more than needed.
struct Residual {
    struct Input {
        Word place;
        bool is_primed;
    };
    static constexpr Word test = ~Word{0};

    Word number = 0;
    Word to = test;
    std::vector<Input> inputs;
};

// One way to take an action: new numbers at places, and then residuals, in their order. A dead one
// leads nowhere, but its residuals are looked at.
struct Path {
    bool is_dead = false;
    std::vector<std::pair<Word, Word>> changes;
    std::vector<Residual> residuals;
};

// An answer that tells which places were looked at for it, in their order.
template <class Answer>
struct Traced {
    std::vector<Word> reads;
    std::optional<Answer> answer;
};

// An answer may be missing: then the whole step out of a state is for somebody else to take.
class RowModel {
   public:
    using Row = std::span<const Word>;
    using Elements = std::span<const Word>;

    virtual ~RowModel() = default;
    // Whether the tests hold that come before an action picks elements.
    virtual std::optional<bool> may_pick(Word action, Row row) = 0;
    // The elements of one of the sets of which an action picks.
    virtual std::optional<std::vector<Word>> elements(Word action, Word set, Row row) = 0;
    virtual std::optional<std::vector<Path>> paths(Word action, Row row, Elements picked) = 0;
    // The same of an action whose answers are traced.
    virtual Traced<bool> traced_may_pick(Word action, Row row) = 0;
    virtual Traced<std::vector<Path>> traced_paths(Word action, Row row, Elements picked) = 0;
    virtual std::optional<Word> residual(Word number, Row before, Row after) = 0;
    // Where an action leads, if that is not to be remembered.
    virtual std::optional<std::vector<std::vector<Word>>> computed(Word action, Row row) = 0;
    virtual std::optional<bool> holds(Word condition, Row before, Row after) = 0;
    // The same of a condition that is traced; what it reads of the row after stands for places behind
    // those of a row.
    virtual Traced<bool> traced_holds(Word condition, Row before, Row after) = 0;
    virtual std::optional<Word> view(Row row) = 0;
    // The number of all that is at the places of a group.
    virtual Word whole(Word group, Row row) = 0;
    // Symmetry: the least image of a number by some renamings, and a name for those that lead to it;
    // the number is that of all that is at the places of a group.
    virtual std::pair<Word, Word> least(Word renamings, Word number) = 0;
    // All numbers of residuals are free again.
    virtual void forget() = 0;
};

struct RowSetting {
    struct Action {
        std::vector<Word> reads;
        std::vector<std::vector<Word>> sets;  // what each set reads of which it picks an element
        bool is_computed = false;             // it is not to be remembered
        bool is_traced = false;  // it reads what its answers say, and of elements what its sets read
        bool has_guard = false;  // if it is traced: there are tests before it picks elements
    };
    struct Condition {
        std::vector<Word> reads, reads_after;
        bool is_traced = false;  // it reads what its answers say
    };
    struct Demand {
        Word condition, exempt;  // a step need not satisfy the one in which the other holds
    };
    static constexpr Word none = ~Word{0};

    std::size_t places = 0;
    std::vector<std::vector<Word>> groups;  // the places of each variable, one after another
    std::vector<Word> last_places;          // a row with 0 at one of these is left to somebody else
    std::vector<Action> actions;
    std::vector<Condition> conditions;
    std::vector<Word> invariants, constraints, step_constraints;  // numbers of conditions
    std::vector<Demand> demands;
    std::optional<std::vector<Word>> view;  // what it reads, if states that look the same are one
    bool is_symmetric = false;
    bool check_deadlock = true;
    std::size_t memory = 0;
    std::size_t most_answers = std::size_t{1} << 24;  // then all is forgotten
};

}  // namespace explorer
