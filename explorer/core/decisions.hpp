// Answers that depend on what was read on the way to them, and on nothing else.
//
// What is read first, nothing decides; what is read next depends on the numbers read so far. So an
// answer is a leaf of a tree: at each node a place of a row is looked at, and its number leads on.
// (Heydon, Levin, Yu, "Caching function calls using precise dependencies", 2000.) Exact: where the
// numbers along a path are the same, so is all that was read there, and the answer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "interner.hpp"
#include "mixing.hpp"

namespace explorer {

// From a node and the number that is read there to the next node, each in one place of memory.
class Edges {
   public:
    static constexpr Word none = 0;  // no edge leads to the first root

    Word next(Word node, Word number) const {
        if (slots_.empty()) return none;
        const std::uint64_t edge = edge_of(node, number);
        for (std::size_t at = mixed(edge) & mask();; at = (at + 1) & mask())
            if (slots_[at].next == none || slots_[at].edge == edge) return slots_[at].next;
    }
    void add(Word node, Word number, Word next) {
        if (2 * (size_ + 1) > slots_.size()) grow();
        place({edge_of(node, number), next});
        ++size_;
    }
    void clear() {
        slots_ = {};
        size_ = 0;
    }

   private:
    struct Slot {
        std::uint64_t edge = 0;
        Word next = none;
    };

    static std::uint64_t edge_of(Word node, Word number) { return std::uint64_t{node} << 32 | number; }
    std::size_t mask() const { return slots_.size() - 1; }
    void place(const Slot& slot) {
        std::size_t at = mixed(slot.edge) & mask();
        while (slots_[at].next != none) at = (at + 1) & mask();
        slots_[at] = slot;
    }
    void grow() {
        std::vector<Slot> old(std::max<std::size_t>(64, 2 * slots_.size()));
        old.swap(slots_);
        for (const Slot& each : old)
            if (each.next != none) place(each);
    }

    std::vector<Slot> slots_;
    std::size_t size_ = 0;
};

class Decisions {
   public:
    // A new tree, in which nothing is known: the number of its root.
    Word plant() {
        nodes_.push_back({});
        return static_cast<Word>(nodes_.size() - 1);
    }

    // The answer where `read` gives the number at a place; none if it was never given.
    template <class Read>
    std::optional<Word> find(Word root, const Read& read) const {
        for (Word at = root;;) {
            const Node& node = nodes_[at];
            if (node.kind == Kind::answer) return node.number;
            if (node.kind == Kind::unknown) return std::nullopt;
            at = edges_.next(at, read(node.number));
            if (at == Edges::none) return std::nullopt;
        }
    }

    // Give an answer, and in which order places were read for it. False, and it is not kept, if what
    // is known says otherwise: that another place is read there.
    template <class Read>
    bool add(Word root, const Read& read, std::span<const Word> reads, Word answer) {
        Word at = root;
        for (Word place : reads) {
            if (nodes_[at].kind == Kind::unknown) nodes_[at] = {Kind::reads, place};
            if (nodes_[at].kind != Kind::reads || nodes_[at].number != place) return false;
            Word next = edges_.next(at, read(place));
            if (next == Edges::none) edges_.add(at, read(place), next = plant());
            at = next;
        }
        if (nodes_[at].kind != Kind::unknown) return false;
        nodes_[at] = {Kind::answer, answer};
        return true;
    }

    std::size_t size() const { return nodes_.size(); }

    void clear() {
        nodes_ = {};
        edges_.clear();
    }

   private:
    enum class Kind : Word { unknown, reads, answer };
    struct Node {
        Kind kind = Kind::unknown;
        Word number = 0;  // the place that is looked at, or the answer
    };

    std::vector<Node> nodes_;
    Edges edges_;
};

}  // namespace explorer
