// Rows of numbers, each as one key of 8 bytes: halves of a row are numbered, halves of halves too.
//
// So a row is a tree, whose leaves are its numbers; what rows have in common is there once. (As in
// LTSmin; Laarman, van de Pol, Weber, "Parallel recursive state compression for free", 2011.) Exact:
// a key stands for one row alone.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "interner.hpp"
#include "mixing.hpp"

namespace explorer {

// Pairs of numbers, each distinct one under a number of its own, from 0 on.
class Pairs {
   public:
    Word intern(std::uint64_t pair) {
        if (2 * (pairs_.size() + 1) > slots_.size()) grow();
        std::size_t at = mixed(pair) & mask();
        for (; slots_[at] != 0; at = (at + 1) & mask())
            if (pairs_[slots_[at] - 1] == pair) return slots_[at] - 1;
        if (pairs_.size() >= most) throw std::length_error("more parts of states than numbers");
        pairs_.push_back(pair);
        slots_[at] = static_cast<Word>(pairs_.size());
        return slots_[at] - 1;
    }
    std::uint64_t operator[](Word number) const { return pairs_[number]; }

   private:
    static constexpr std::size_t most = 0xfffffffe;

    std::size_t mask() const { return slots_.size() - 1; }
    void grow() {
        slots_.assign(std::max<std::size_t>(64, 2 * slots_.size()), 0);
        for (std::size_t number = 0; number < pairs_.size(); ++number) {
            std::size_t at = mixed(pairs_[number]) & mask();
            while (slots_[at] != 0) at = (at + 1) & mask();
            slots_[at] = static_cast<Word>(number + 1);
        }
    }

    std::vector<std::uint64_t> pairs_;
    std::vector<Word> slots_;  // numbers and one more
};

// The parts of a row: first its numbers, then those of its inner parts, which `RowKeys` fills in.
using Parts = std::vector<Word>;

class RowKeys {
   public:
    // Rows have `width` numbers, one at least, each less than 2^32 - 1.
    explicit RowKeys(std::size_t width) : width_(width) { split(0, width); }

    std::size_t width() const { return width_; }
    std::size_t parts() const { return width_ + inner_.size(); }

    // The key of a row, never 0.
    std::uint64_t key(Parts& row) {
        for (std::size_t at = 0; at + 1 < inner_.size(); ++at)
            row[width_ + at] = tables_[at].intern(pair(row, inner_[at]));
        return root(row);
    }
    // The same of a row much like another one, whose parts are filled in.
    std::uint64_t key(Parts& row, const Parts& like) {
        for (std::size_t at = 0; at + 1 < inner_.size(); ++at) {
            const auto [left, right] = inner_[at];
            const bool is_same = row[left] == like[left] && row[right] == like[right];
            row[width_ + at] = is_same ? like[width_ + at] : tables_[at].intern(pair(row, inner_[at]));
        }
        return root(row);
    }

    // The parts of the row that has a key.
    void parts_of(std::uint64_t key, Parts& row) const {
        row.resize(parts());
        if (width_ == 1) {
            row[0] = static_cast<Word>(key - 1);
            return;
        }
        std::uint64_t both = key - 1;
        for (std::size_t at = inner_.size(); at-- > 0;) {
            if (at + 1 < inner_.size()) both = tables_[at][row[width_ + at]];
            row[inner_[at].left] = static_cast<Word>(both >> 32);
            row[inner_[at].right] = static_cast<Word>(both);
        }
    }

   private:
    struct Inner {
        std::size_t left, right;
    };

    // Make the parts of the numbers from `begin` to `end`, children first; return the last.
    std::size_t split(std::size_t begin, std::size_t end) {
        if (end - begin == 1) return begin;
        const std::size_t middle = begin + (end - begin) / 2;
        const std::size_t left = split(begin, middle), right = split(middle, end);
        inner_.push_back({left, right});
        tables_.emplace_back();
        return width_ + inner_.size() - 1;
    }
    static std::uint64_t pair(const Parts& row, const Inner& inner) {
        return std::uint64_t{row[inner.left]} << 32 | row[inner.right];
    }
    std::uint64_t root(const Parts& row) const {
        return 1 + (width_ == 1 ? std::uint64_t{row[0]} : pair(row, inner_.back()));
    }

    std::size_t width_;
    std::vector<Inner> inner_;
    std::vector<Pairs> tables_;
};

}  // namespace explorer
