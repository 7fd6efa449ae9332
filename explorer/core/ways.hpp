// Whether a state leads to a violation, or to some of the next ones on a way to it.
#pragma once

#include <algorithm>
#include <vector>

#include "space.hpp"

namespace explorer {

// For each state on a shortest way to what is looked for, its key; sorted, one vector a level.
using Ways = std::vector<std::vector<std::uint64_t>>;

inline bool violates(Space& space, std::uint64_t key, Tally& unused) {
    bool bad = false;
    const std::uint32_t cls = space.fault_class(key);
    space.expand(key, unused, [&](Edge* edge, bool again, std::uint64_t next, const auto& network) {
        bad = bad || space.is_bad_step(key, cls, edge, again, network) || space.is_bad(next);
    });
    return bad;
}

inline bool leads_to(Space& space, std::uint64_t key, const std::vector<std::uint64_t>& targets,
                     Tally& unused) {
    bool leads = false;
    space.expand(key, unused, [&](Edge*, bool, std::uint64_t next, const auto&) {
        leads = leads || std::binary_search(targets.begin(), targets.end(), next);
    });
    return leads;
}

// Whether a state, so many steps from the initial one, is on one of these ways. With symmetry it may
// hold messages that were met under other names alone: so what its key has no room for need not be
// new. Throws Overflow.
inline bool is_on_the_way(Space& space, const Ways& ways, std::size_t number, const Shape& state) {
    const std::uint64_t key = space.key_of(state);
    return std::binary_search(ways.at(number).begin(), ways.at(number).end(), key);
}

// Give all states on these ways other keys.
template <class Change>
void change_ways(Ways& ways, Change change) {
    for (auto& way : ways) {
        for (std::uint64_t& key : way) change(key);
        std::sort(way.begin(), way.end());
    }
}

}  // namespace explorer
