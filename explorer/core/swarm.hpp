// The chances of one random walk, drawn from its seed: see explorer/walks/swarm.py, which draws the
// same, step by step.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "chance.hpp"

namespace explorer {

// The ways in which a step comes about: those of How, and the loss of a message.
enum class Way : std::uint8_t { action, restart, receive, receive_again, drop };
constexpr int ways = 5;

// From which weights those of a walk are drawn, and the hashes of the names that they are drawn for.
struct SwarmTable {
    std::vector<std::uint64_t> of_receive, of_fault, of_action, of_server;
    std::vector<std::array<std::uint64_t, 2>> of_newer;  // fractions
    std::uint64_t newest = 1;
    std::uint64_t newer_name = 0;
    std::vector<std::uint64_t> way_names, server_names;
};

class Swarm {
   public:
    Swarm(const SwarmTable& table, std::uint64_t seed) : table_(table), chance_(seed) {
        fraction_ = drawn(table.newer_name, table.of_newer);
        of_age_ = {fraction_[0] < fraction_[1] ? table.newest : 1};
        of_way_.resize(ways);
        for (int way = 1; way < ways; ++way) {
            const bool is_receipt = static_cast<Way>(way) == Way::receive;
            of_way_[way] =
                drawn(table.way_names[way], is_receipt ? table.of_receive : table.of_fault);
        }
        for (std::uint64_t name : table.server_names)
            of_server_.push_back(drawn(name, table.of_server));
    }

    std::uint64_t of_way(Way way) const { return of_way_[static_cast<int>(way)]; }
    std::uint64_t of_server(std::size_t position) const { return of_server_[position]; }
    std::uint64_t of_action(std::uint64_t name) const { return drawn(name, table_.of_action); }
    // The weight of a message after which so many were sent.
    std::uint64_t of_message(std::size_t newer) {
        while (of_age_.size() <= newer)
            of_age_.push_back(
                std::max<std::uint64_t>(1, of_age_.back() * fraction_[0] / fraction_[1]));
        return of_age_[newer];
    }

    std::size_t pick(std::span<const std::uint64_t> weights) { return chance_.pick(weights); }

   private:
    template <class Weights>
    typename Weights::value_type drawn(std::uint64_t name, const Weights& weights) const {
        return weights[chance_.of_name(name, weights.size())];
    }

    const SwarmTable& table_;
    Chance chance_;
    std::array<std::uint64_t, 2> fraction_;
    std::vector<std::uint64_t> of_age_, of_way_, of_server_;
};

}  // namespace explorer
