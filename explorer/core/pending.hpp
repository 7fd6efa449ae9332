// Keys on their way to the table of states: each is looked up some steps after it was found, when
// its line has come from memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "visited.hpp"

namespace explorer {

class Pending {
   public:
    // Call look_up(key, home) for keys that have waited long enough. A key that is not new is
    // forgotten; there is no branch on that.
    template <class LookUp>
    void push(const Visited& visited, std::uint64_t key, std::size_t home, bool is_new,
              LookUp look_up) {
        keys_[size_] = key;
        homes_[size_] = home;
        size_ += is_new;
        visited.prefetch(home);
        if (size_ == most) take(most - coming, look_up);
    }
    template <class LookUp>
    void push(const Visited& visited, std::uint64_t key, LookUp look_up) {
        push(visited, key, visited.home(key), true, look_up);
    }
    template <class LookUp>
    void flush(LookUp look_up) {
        take(size_, look_up);
    }

   private:
    static constexpr std::size_t most = 128, coming = 32;

    template <class LookUp>
    void take(std::size_t count, LookUp look_up) {
        for (std::size_t at = 0; at < count; ++at) look_up(keys_[at], homes_[at]);
        size_ -= count;
        std::copy_n(keys_ + count, size_, keys_);
        std::copy_n(homes_ + count, size_, homes_);
    }

    std::size_t size_ = 0;
    std::uint64_t keys_[most];
    std::size_t homes_[most];
};

}  // namespace explorer
