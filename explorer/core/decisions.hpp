// Answers that depend on what was read on the way to them, and on nothing else.
//
// What is read first, nothing decides; what is read next depends on the numbers read so far. So an
// answer is a leaf of a tree: at each node a place of a row is looked at, and its number leads on.
// (Heydon, Levin, Yu, "Caching function calls using precise dependencies", 2000.) Exact: where the
// numbers along a path are the same, so is all that was read there, and the answer.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "answers.hpp"

namespace explorer {

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
            const Word edge[] = {at, read(node.number)};
            const Word* next = edges_.find(edge);
            if (next == nullptr) return std::nullopt;
            at = *next;
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
            const Word edge[] = {at, read(place)};
            if (const Word* next = edges_.find(edge)) {
                at = *next;
                continue;
            }
            const Word next = plant();
            edges_.add(edge, next);
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
    Answers edges_{2};  // from a node and a number to a node
};

}  // namespace explorer
