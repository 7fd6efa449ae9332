// What was asked and answered: from sequences of numbers of one length to a number. Exact.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "interner.hpp"
#include "mixing.hpp"

namespace explorer {

class Answers {
   public:
    explicit Answers(std::size_t width) : width_(width) {}

    std::size_t width() const { return width_; }
    std::size_t size() const { return size_; }

    // The answer to a question; null if it was never given.
    const Word* find(const Word* question) const {
        if (slots_.empty()) return nullptr;
        const std::uint64_t hash = hashed(question);
        for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
            const Slot& slot = slots_[at];
            if (slot.entry == 0) return nullptr;
            if (slot.tag != tag(hash)) continue;
            const Word* entry = &words_[(slot.entry - std::size_t{1}) * (width_ + 1)];
            if (std::equal(question, question + width_, entry)) return entry + width_;
        }
    }

    // Give an answer to a question that has none.
    void add(const Word* question, Word answer) {
        if (2 * (size_ + 1) > slots_.size()) grow();
        words_.insert(words_.end(), question, question + width_);
        words_.push_back(answer);
        place(hashed(question), static_cast<Word>(++size_));
    }

    void clear() {
        words_ = {};
        slots_ = {};
        size_ = 0;
    }

   private:
    struct Slot {
        Word tag = 0, entry = 0;  // an entry's number, from 1 on
    };

    std::size_t mask() const { return slots_.size() - 1; }
    static Word tag(std::uint64_t hash) { return static_cast<Word>(hash >> 32); }
    std::uint64_t hashed(const Word* question) const {
        std::uint64_t hash = width_;
        std::size_t at = 0;
        for (; at + 1 < width_; at += 2)
            hash = mixed(hash ^ (std::uint64_t{question[at]} << 32 | question[at + 1]));
        return at < width_ ? mixed(hash ^ question[at]) : hash;
    }
    void place(std::uint64_t hash, Word entry) {
        std::size_t at = hash & mask();
        while (slots_[at].entry != 0) at = (at + 1) & mask();
        slots_[at] = {tag(hash), entry};
    }
    void grow() {
        slots_.assign(std::max<std::size_t>(16, 2 * slots_.size()), {});
        for (std::size_t entry = 0; entry < size_; ++entry)
            place(hashed(&words_[entry * (width_ + 1)]), static_cast<Word>(entry + 1));
    }

    std::size_t width_, size_ = 0;
    std::vector<Word> words_;
    std::vector<Slot> slots_;
};

}  // namespace explorer
