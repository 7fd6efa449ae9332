// What a property reads of a state or a step, as a sequence of numbers: where two are the same, the
// property says the same.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "interner.hpp"
#include "model.hpp"

namespace explorer {

class PropertyKeys {
   public:
    // Whether what is in flight comes in any order, and is to be sorted.
    PropertyKeys(Model& model, const std::vector<Property>& properties, bool sorts_messages)
        : model_(model), properties_(properties), sorts_messages_(sorts_messages),
          projections_(properties.size()) {}
    PropertyKeys(const PropertyKeys&) = delete;
    PropertyKeys& operator=(const PropertyKeys&) = delete;

    // What a property reads, of the servers at these positions if there are any; until the next
    // question. `after` is null for a state.
    const std::vector<Word>& of(std::uint32_t number, std::span<const std::uint8_t> positions,
                                const Shape& before, const Shape* after) {
        const Property& property = properties_[number];
        key_.assign(positions.begin(), positions.end());
        add(number, positions, before, property.states, property.history, property.faults,
            property.messages);
        if (after != nullptr)
            add(number, positions, *after, property.states_after, property.history_after,
                property.faults_after, property.messages_after);
        return key_;
    }

   private:
    void add(std::uint32_t number, std::span<const std::uint8_t> positions, const Shape& shape,
             bool states, bool history, const std::array<bool, 3>& faults, bool messages) {
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
        if (sorts_messages_) std::sort(begin, key_.end());
    }

    Word projection(std::uint32_t number, Node node) {
        std::vector<Word>& known = projections_[number];
        if (node >= known.size()) known.resize(node + 1, unknown);
        if (known[node] == unknown) known[node] = model_.projection(number, node);
        return known[node];
    }

    static constexpr Word unknown = ~Word{0};

    Model& model_;
    const std::vector<Property>& properties_;
    bool sorts_messages_;
    std::vector<std::vector<Word>> projections_;  // by property and node
    std::vector<Word> key_;
};

}  // namespace explorer
