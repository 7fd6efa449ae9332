// What properties say along a walk, each asked once about each combination of what it reads.
//
// A step changes one server. So most instances of a property read what they read at the step
// before, and are not even looked up.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "interner.hpp"
#include "model.hpp"

namespace explorer {

class WalkVerdicts {
   public:
    WalkVerdicts(Model& model, std::vector<Property> properties, std::uint32_t servers,
                 bool is_fifo)
        : model_(model),
          properties_(std::move(properties)),
          servers_(servers),
          is_fifo_(is_fifo),
          memos_(properties_.size()),
          reached_(properties_.size(), false) {}

    // A walk begins: nothing was asked along it yet.
    void begin() {
        for (Memo& memo : memos_) memo.last.clear();
    }

    // Whether a state, or the step to `after`, violates a property; all are asked, to be reached.
    bool violated(const Shape& before, const Shape* after) {
        before_ = &before;
        after_ = after;
        bool found = false;
        for (std::uint32_t number = 0; number < properties_.size(); ++number) {
            const Property& property = properties_[number];
            if ((after != nullptr) != (property.kind == Kind::step)) continue;
            if (property.is_sometimes) {
                if (!reached_[number]) reached_[number] = decides(number, true);
            } else {
                found |= decides(number, false);
            }
        }
        return found;
    }

    // Which of the properties that must be reached were, by all walks so far.
    const std::vector<bool>& reached() const { return reached_; }

   private:
    struct Memo {
        Interner questions;
        std::vector<std::int8_t> answers;
        std::vector<Word> projections;
        std::vector<std::vector<Word>> last;  // what each instance was asked about last
    };

    // Whether one of the instances of a property is what decides: true of a sometimes, or else
    // false. One that reads what it read at the last step is not asked again.
    bool decides(std::uint32_t number, bool decisive) {
        const Property& property = properties_[number];
        if (property.kind == Kind::message) return is_violated_by_message(number);
        const std::uint8_t servers = static_cast<std::uint8_t>(servers_);
        const std::uint8_t ones = property.slots == 0 ? 1 : servers;
        const std::uint8_t others = property.slots == 2 ? servers : 1;
        Memo& memo = memos_[number];
        memo.last.resize(std::size_t{ones} * others, nothing());
        bool found = false;
        for (std::uint8_t one = 0; one < ones; ++one)
            for (std::uint8_t other = 0; other < others; ++other) {
                const std::uint8_t positions[] = {one, other};
                const std::span<const std::uint8_t> at{positions, property.slots};
                make_key(number, at);
                std::vector<Word>& last = memo.last[one * others + other];
                if (last == key_) continue;
                found |= holds(number, at) == decisive;
                last = key_;
            }
        return found;
    }

    // What no key is.
    static std::vector<Word> nothing() { return {unknown}; }

    bool holds(std::uint32_t number, std::span<const std::uint8_t> positions) {
        Memo& memo = memos_[number];
        const Word question = memo.questions.intern(key_);
        if (question >= memo.answers.size()) memo.answers.resize(question + 1, -1);
        if (memo.answers[question] < 0)
            memo.answers[question] = model_.holds(number, positions, *before_, after_);
        return memo.answers[question] != 0;
    }

    bool is_violated_by_message(std::uint32_t number) {
        std::vector<std::int8_t>& known = memos_[number].answers;
        bool found = false;
        for (Message message : before_->messages) {
            if (message >= known.size()) known.resize(message + 1, -1);
            if (known[message] < 0) known[message] = model_.holds_of_message(number, message);
            found |= known[message] == 0;
        }
        return found;
    }

    void make_key(std::uint32_t number, std::span<const std::uint8_t> positions) {
        const Property& property = properties_[number];
        key_.assign(positions.begin(), positions.end());
        add_to_key(number, positions, *before_, property.states, property.history,
                   property.faults, property.messages);
        if (after_ != nullptr)
            add_to_key(number, positions, *after_, property.states_after, property.history_after,
                       property.faults_after, property.messages_after);
    }

    void add_to_key(std::uint32_t number, std::span<const std::uint8_t> positions,
                    const Shape& shape, bool states, bool history,
                    const std::array<bool, 3>& faults, bool messages) {
        if (states && positions.empty())
            for (Node node : shape.nodes) key_.push_back(projection(number, node));
        if (states)
            for (std::uint8_t position : positions)
                key_.push_back(projection(number, shape.nodes[position]));
        if (history) key_.push_back(shape.history);
        for (int fault = 0; fault < 3; ++fault)
            if (faults[fault]) key_.push_back(shape.faults[fault]);
        if (!messages) return;
        key_.push_back(static_cast<Word>(shape.messages.size()));
        const auto begin = key_.insert(key_.end(), shape.messages.begin(), shape.messages.end());
        if (!is_fifo_) std::sort(begin, key_.end());
    }

    Word projection(std::uint32_t number, Node node) {
        std::vector<Word>& known = memos_[number].projections;
        if (node >= known.size()) known.resize(node + 1, unknown);
        if (known[node] == unknown) known[node] = model_.projection(number, node);
        return known[node];
    }

    static constexpr Word unknown = ~Word{0};

    Model& model_;
    std::vector<Property> properties_;
    std::uint32_t servers_;
    bool is_fifo_;
    std::vector<Memo> memos_;
    std::vector<bool> reached_;
    const Shape* before_ = nullptr;  // what is asked about
    const Shape* after_ = nullptr;
    std::vector<Word> key_;
};

}  // namespace explorer
