// Sorting many keys in place.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <utility>

namespace explorer {

// Sort by the eight highest bits in which the keys differ, and then each part of those that are
// alike in these.
inline void sort_keys(std::span<std::uint64_t> keys) {
    constexpr std::size_t few = 128;
    if (keys.size() <= few) return std::sort(keys.begin(), keys.end());
    std::uint64_t differing = 0;
    for (std::uint64_t key : keys) differing |= key ^ keys[0];
    if (differing == 0) return;
    const int shift = std::max(0, static_cast<int>(std::bit_width(differing)) - 8);
    const auto part = [shift](std::uint64_t key) { return key >> shift & 0xFF; };
    std::array<std::size_t, 257> ends{};
    for (std::uint64_t key : keys) ++ends[part(key) + 1];
    for (std::size_t at = 1; at < ends.size(); ++at) ends[at] += ends[at - 1];
    std::array<std::size_t, 256> places;
    std::copy_n(ends.begin(), places.size(), places.begin());
    for (std::size_t at = 0; at < places.size(); ++at)
        while (places[at] < ends[at + 1]) {
            std::uint64_t key = keys[places[at]];
            for (std::size_t to = part(key); to != at; to = part(key))
                std::swap(key, keys[places[to]++]);
            keys[places[at]++] = key;
        }
    if (shift == 0) return;
    for (std::size_t at = 0; at < places.size(); ++at)
        sort_keys(keys.subspan(ends[at], ends[at + 1] - ends[at]));
}

// Sort keys and leave each once; return how many there are then.
inline std::size_t sort_and_drop_copies(std::span<std::uint64_t> keys) {
    sort_keys(keys);
    return static_cast<std::size_t>(std::unique(keys.begin(), keys.end()) - keys.begin());
}

}  // namespace explorer
