// What a search does whose keys have too few bits for what was found: all states get other keys.
#pragma once

#include "space.hpp"
#include "visited.hpp"

namespace explorer {

// Go on with keys that have more room; false if there are none. look_at(visit) calls `visit` for each
// key there is, and replace(to) puts to(key) in the place of each. Nobody may be at work.
template <class LookAt, class Replace>
bool lay_out_anew(Space& space, LookAt look_at, Replace replace) {
    const Layout before = space.layout();
    if (before.is_packed() && !space.can_be_packed())
        look_at([&](std::uint64_t key) { space.number_network(key); });
    if (!space.lay_out()) return false;
    replace([&](std::uint64_t key) { return space.translated(before, key); });
    return true;
}

// The same; each_other(change) calls `change` for each key that is not in the table.
template <class EachOther>
bool lay_out_anew(Space& space, Visited& visited, EachOther each_other) {
    const auto look_at = [&](auto visit) {
        for (std::size_t slot = 0; slot < visited.slots(); ++slot)
            if (const std::uint64_t key = visited.at(slot); key != 0) visit(key);
        each_other(visit);
    };
    const auto replace = [&](auto to) {
        visited.translate(to);
        each_other([&](std::uint64_t& key) { key = to(key); });
    };
    return lay_out_anew(space, look_at, replace);
}

// Take back what was counted of a state whose steps could not all be taken; it will be expanded
// again. That states were found on the way is as it should be.
inline void uncount(Space& space, std::uint64_t key, Tally& tally) {
    Tally counted = tally.empty_copy();
    try {
        space.expand(key, counted, [](Edge*, bool, std::uint64_t, const auto&) {});
    } catch (const Overflow&) {
        tally.take_back(counted);
    }
}

}  // namespace explorer
