// What properties say along a walk, each asked once about each combination of what it reads.
//
// A step changes one server. So most instances of a property read what they read at the step
// before, and are not even looked up.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "interner.hpp"
#include "model.hpp"
#include "property_keys.hpp"

namespace explorer {

class WalkVerdicts {
   public:
    WalkVerdicts(Model& model, std::vector<Property> properties, std::uint32_t servers,
                 bool is_fifo)
        : model_(model),
          properties_(std::move(properties)),
          servers_(servers),
          keys_(model, properties_, !is_fifo),
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
                const std::vector<Word>& key = keys_.of(number, at, *before_, after_);
                std::vector<Word>& last = memo.last[one * others + other];
                if (last == key) continue;
                found |= holds(number, at, key) == decisive;
                last = key;
            }
        return found;
    }

    // What no key is.
    static std::vector<Word> nothing() { return {~Word{0}}; }

    bool holds(std::uint32_t number, std::span<const std::uint8_t> positions,
               std::span<const Word> key) {
        Memo& memo = memos_[number];
        const Word question = memo.questions.intern(key);
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

    Model& model_;
    std::vector<Property> properties_;
    std::uint32_t servers_;
    PropertyKeys keys_;
    std::vector<Memo> memos_;
    std::vector<bool> reached_;
    const Shape* before_ = nullptr;  // what is asked about
    const Shape* after_ = nullptr;
};

}  // namespace explorer
