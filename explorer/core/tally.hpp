// What a search is asked to do, and what it counts.
#pragma once

#include <cstdint>
#include <vector>

#include "model.hpp"
#include "renaming_group.hpp"

namespace explorer {

// The bounds of a search. Those on a server's own state come first in tallies, then these.
struct Limits {
    std::uint64_t messages;
    Faults faults;
    std::uint64_t depth;
};
enum Cut { messages, restarts, drops, duplicates, cuts };

struct Setting {
    std::uint32_t servers;
    bool is_fifo;
    Limits limits;
    bool is_reduced;         // see explorer/model/reduction.py
    std::size_t own_bounds;  // the bounds on a server's own state
    Names renamed;           // with symmetry
    unsigned threads;
    std::size_t memory;  // bytes
};

// What was counted: steps by what they are counted as, messages that were lost, and steps that a
// bound kept from happening, by the bound.
struct Tally {
    std::uint64_t transitions = 0, distinct = 0, lost = 0;
    std::vector<std::uint64_t> names, cut;

    Tally() = default;
    explicit Tally(const Setting& setting) : cut(setting.own_bounds + Cut::cuts) {}

    // Nothing counted yet, of the same bounds.
    Tally empty_copy() const {
        Tally result;
        result.cut.resize(cut.size());
        return result;
    }

    void count(std::uint16_t name) {
        if (name >= names.size()) names.resize(name + std::size_t{1});
        ++names[name];
        ++transitions;
    }
    void add(const Tally& other) { combine(other, 1); }
    // Take back what was counted of transitions, but not of states.
    void take_back(const Tally& other) { combine(other, ~std::uint64_t{0}); }

   private:
    void combine(const Tally& other, std::uint64_t factor) {
        transitions += factor * other.transitions;
        distinct += factor * other.distinct;
        lost += factor * other.lost;
        if (names.size() < other.names.size()) names.resize(other.names.size());
        for (std::size_t at = 0; at < other.names.size(); ++at) names[at] += factor * other.names[at];
        for (std::size_t at = 0; at < cut.size(); ++at) cut[at] += factor * other.cut[at];
    }
};

enum class Ending : std::uint8_t {
    covered,
    violated,
    interrupted,
    out_of_memory,
    out_of_numbers,
    out_of_disk
};

struct Found {
    Ending ending = Ending::covered;
    Tally tally;
    std::uint64_t depth = 0, covered_depth = 0, queue = 0, cut_by_depth = 0;
    std::uint64_t bytes = 0;  // of states on disk
};

}  // namespace explorer
