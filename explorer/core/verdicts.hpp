// What properties say, each asked once about each combination of what it reads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "interner.hpp"
#include "model.hpp"
#include "property_keys.hpp"
#include "settled.hpp"

namespace explorer {

// The properties that are asked at the same time.
enum class When : std::uint8_t {
    servers,            // of the servers, the history and the faults of a state
    state,              // of a state, messages included
    step_of_servers,    // of the servers, the history and the faults before and after a step
    step,               // of a step, messages included
    message,            // of each message that is sent
};

class Verdicts {
   public:
    Verdicts(Model& model, std::vector<Property> properties)
        : model_(model), properties_(std::move(properties)), keys_(model, properties_, false),
          memos_(properties_.size()), reached_(properties_.size(), false) {
        for (std::uint32_t number = 0; number < properties_.size(); ++number) {
            const Property& each = properties_[number];
            Group& group = groups_[static_cast<int>(when(each))];
            group.numbers.push_back(number);
            if (is_of_one_server(each)) group.settled.add(each);
        }
        for (const Property& each : properties_)
            for (int fault = 0; fault < 3; ++fault)
                reads_fault_[fault] |= each.faults[fault] || each.faults_after[fault];
    }

    bool any(When when) const { return !groups_[static_cast<int>(when)].numbers.empty(); }
    bool reads_fault(int fault) const { return reads_fault_[fault]; }
    // Which of the properties that must be reached were.
    const std::vector<bool>& reached() const { return reached_; }
    void set_reached(std::vector<bool> reached) {
        reached_ = std::move(reached);
        for (Group& group : groups_) group.settled.forget();
    }
    void add_reached(const std::vector<bool>& more) {
        for (std::size_t number = 0; number < more.size(); ++number)
            if (more[number]) reached_.at(number) = true;
    }

    // Whether a state or a step violates one of these properties.
    bool violated(When when, const Shape& before, const Shape* after) {
        Group& group = groups_[static_cast<int>(when)];
        const bool is_settled = group.settled.knows(before, after);
        bool found = false;
        for (std::uint32_t number : group.numbers) {
            const bool is_sometimes = properties_[number].is_sometimes;
            if (is_sometimes && reached_[number]) continue;
            if (is_settled && is_of_one_server(properties_[number])) continue;
            const bool holds = of_slots(number, before, after);
            if (is_sometimes)
                reached_[number] = holds;
            else
                found |= !holds;
        }
        if (!found && !is_settled) group.settled.settle();
        return found;
    }

    bool violated_by_message(Message message) {
        bool found = false;
        for (std::uint32_t number : groups_[static_cast<int>(When::message)].numbers) {
            const Word key[] = {message};
            found |= !remembered(number, key, [&] { return model_.holds_of_message(number, message); });
        }
        return found;
    }

   private:
    static When when(const Property& property) {
        if (property.kind == Kind::message) return When::message;
        if (property.kind == Kind::state)
            return property.messages ? When::state : When::servers;
        return property.messages || property.messages_after ? When::step : When::step_of_servers;
    }

    static bool is_of_one_server(const Property& property) {
        return property.slots == 1 && !property.messages && !property.messages_after;
    }

    bool of_slots(std::uint32_t number, const Shape& before, const Shape* after) {
        const Property& property = properties_[number];
        const auto servers = static_cast<std::uint8_t>(before.nodes.size());
        if (property.slots == 0) return holds(number, {}, before, after);
        // An always is all of its instances, a sometimes any of them.
        const bool decides = property.is_sometimes;
        for (std::uint8_t one = 0; one < servers; ++one) {
            for (std::uint8_t other = 0; other < (property.slots == 1 ? 1 : servers); ++other) {
                const std::uint8_t positions[] = {one, other};
                if (holds(number, {positions, property.slots}, before, after) == decides)
                    return decides;
            }
        }
        return !decides;
    }

    bool holds(std::uint32_t number, std::span<const std::uint8_t> positions, const Shape& before,
               const Shape* after) {
        return remembered(number, keys_.of(number, positions, before, after),
                          [&] { return model_.holds(number, positions, before, after); });
    }

    template <class Ask>
    bool remembered(std::uint32_t number, std::span<const Word> key, Ask ask) {
        Memo& memo = memos_[number];
        const Word question = memo.questions.intern(key);
        if (question >= memo.answers.size()) memo.answers.resize(question + 1, -1);
        // A question that throws is asked again when it comes again.
        if (memo.answers[question] < 0) memo.answers[question] = ask();
        return memo.answers[question] != 0;
    }

    struct Group {
        std::vector<std::uint32_t> numbers;
        Settled settled;
    };
    struct Memo {
        Interner questions;
        std::vector<std::int8_t> answers;  // -1: not known
    };

    Model& model_;
    std::vector<Property> properties_;
    PropertyKeys keys_;
    std::vector<Memo> memos_;
    std::vector<bool> reached_;
    Group groups_[5];
    std::array<bool, 3> reads_fault_{};
};

}  // namespace explorer
