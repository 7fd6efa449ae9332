// A set of numbers of 64 bits that look like chance: what states are counted by.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace explorer {

class Hashes {
   public:
    void add(std::span<const std::uint64_t> hashes) {
        for (std::uint64_t hash : hashes) {
            if (hash == 0) {
                has_zero_ = true;
                continue;
            }
            if (2 * (used_ + 1) > slots_.size()) grow();
            std::uint64_t& slot = slot_of(hash);
            used_ += slot == 0;
            slot = hash;
        }
    }

    std::size_t size() const { return used_ + has_zero_; }

   private:
    std::uint64_t& slot_of(std::uint64_t hash) {
        std::size_t at = hash & (slots_.size() - 1);
        while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & (slots_.size() - 1);
        return slots_[at];
    }
    void grow() {
        std::vector<std::uint64_t> old(slots_.empty() ? 1024 : 2 * slots_.size());
        old.swap(slots_);
        for (std::uint64_t hash : old)
            if (hash != 0) slot_of(hash) = hash;
    }

    std::vector<std::uint64_t> slots_;
    std::size_t used_ = 0;
    bool has_zero_ = false;
};

}  // namespace explorer
