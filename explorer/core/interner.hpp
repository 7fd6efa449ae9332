// Interning of sequences of integers: each distinct one gets a number, from 1 on. Exact: what is
// compared is the sequence, not a fingerprint of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "mixing.hpp"

namespace explorer {

using Word = std::uint32_t;

inline std::uint64_t hashed(std::span<const Word> sequence) {
    std::uint64_t hash = sequence.size();
    for (Word word : sequence) hash = mixed(hash ^ word);
    return hash;
}

class Interner {
   public:
    // The number of a sequence, new or not.
    Word intern(std::span<const Word> sequence) {
        if (2 * (starts_.size() + 1) > slots_.size()) grow();
        std::size_t slot = hashed(sequence) & (slots_.size() - 1);
        for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1))
            if (equal((*this)[slots_[slot]], sequence)) return slots_[slot];
        words_.insert(words_.end(), sequence.begin(), sequence.end());
        starts_.push_back(words_.size());
        return slots_[slot] = static_cast<Word>(starts_.size() - 1);
    }

    std::span<const Word> operator[](Word number) const {
        return {words_.data() + starts_[number - 1], words_.data() + starts_[number]};
    }

    std::size_t size() const { return starts_.size() - 1; }

   private:
    static bool equal(std::span<const Word> one, std::span<const Word> other) {
        return std::equal(one.begin(), one.end(), other.begin(), other.end());
    }
    void grow() {
        std::vector<Word> old(std::max<std::size_t>(64, 2 * slots_.size()));
        old.swap(slots_);
        for (Word number : old) {
            if (number == 0) continue;
            std::size_t slot = hashed((*this)[number]) & (slots_.size() - 1);
            while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
            slots_[slot] = number;
        }
    }

    std::vector<Word> words_, slots_;
    std::vector<std::size_t> starts_{0};
};

}  // namespace explorer
