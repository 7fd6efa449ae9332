// What properties that read one server each say together: of a server of which nothing is wrong,
// and in which what must be reached was looked for, none of them is asked again.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "interner.hpp"
#include "model.hpp"

namespace explorer {

class Settled {
   public:
    // Have another property among them.
    void add(const Property& property) {
        has_any_ = true;
        history_ |= property.history;
        history_after_ |= property.history_after;
        for (int fault = 0; fault < 3; ++fault) {
            faults_[fault] |= property.faults[fault];
            faults_after_[fault] |= property.faults_after[fault];
        }
    }

    // Whether all of them are settled of each server. `after` is null for a state.
    bool knows(const Shape& before, const Shape* after) {
        asked_.clear();
        if (!has_any_) return true;
        bool all = true;
        for (Word position = 0; position < before.nodes.size(); ++position) {
            key_ = {position};
            read(before, position, history_, faults_);
            if (after != nullptr) read(*after, position, history_after_, faults_after_);
            asked_.push_back(questions_.intern(key_));
            if (asked_.back() >= is_settled_.size()) is_settled_.resize(asked_.back() + 1);
            all &= is_settled_[asked_.back()];
        }
        return all;
    }
    // They are, in what was asked about last.
    void settle() {
        for (Word question : asked_) is_settled_[question] = true;
    }
    void forget() { std::fill(is_settled_.begin(), is_settled_.end(), false); }

   private:
    void read(const Shape& shape, Word position, bool history, const std::array<bool, 3>& faults) {
        key_.push_back(shape.nodes[position]);
        if (history) key_.push_back(shape.history);
        for (int fault = 0; fault < 3; ++fault)
            if (faults[fault]) key_.push_back(shape.faults[fault]);
    }

    bool has_any_ = false, history_ = false, history_after_ = false;
    std::array<bool, 3> faults_{}, faults_after_{};
    Interner questions_;
    std::vector<bool> is_settled_;
    std::vector<Word> key_, asked_;
};

}  // namespace explorer
