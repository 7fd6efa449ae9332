// All renamings of servers and of values, each with a number, and how it is made of swaps of two
// names. So the model need rename nothing but by swaps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace explorer {

// What is renamed: the servers, if they are, come before the values.
struct Names {
    std::uint8_t servers = 0, values = 0;
    std::uint8_t size() const { return servers + values; }
};

class RenamingGroup {
   public:
    using Targets = std::vector<std::uint8_t>;

    // The number of a renaming is its place in the order of its targets; 0 changes nothing.
    explicit RenamingGroup(Names names) : names_(names) {
        Targets targets(names.size());
        std::iota(targets.begin(), targets.end(), std::uint8_t{0});
        const auto middle = targets.begin() + names.servers;
        do {
            do {
                add(targets);
            } while (std::next_permutation(middle, targets.end()));
        } while (std::next_permutation(targets.begin(), middle));
    }

    Names names() const { return names_; }
    std::size_t size() const { return starts_.size(); }
    bool is_trivial() const { return size() == 1; }

    // To what each name is changed.
    std::span<const std::uint8_t> targets(std::size_t renaming) const {
        return {targets_.data() + renaming * names_.size(), names_.size()};
    }
    // The swaps of which it is made, in their order.
    std::span<const std::uint16_t> swaps(std::size_t renaming) const {
        const std::size_t end = renaming + 1 < size() ? starts_[renaming + 1] : swaps_.size();
        return {swaps_.data() + starts_[renaming], swaps_.data() + end};
    }
    std::size_t number_of(const Targets& targets) const {
        const std::span<const std::uint8_t> all(targets);
        return place(all.first(names_.servers)) * factorial(names_.values) +
               place(all.subspan(names_.servers));
    }

    // The number of a swap: those of servers in the order of their names, then those of values.
    std::uint16_t swap(std::uint8_t one, std::uint8_t other) const {
        const auto [less, more] = std::minmax(one, other);
        if (more < names_.servers) return pair(less, more, names_.servers);
        return static_cast<std::uint16_t>(
            names_.servers * (names_.servers - 1) / 2 +
            pair(less - names_.servers, more - names_.servers, names_.values));
    }
    std::size_t number_of_swaps() const {
        return names_.servers * (names_.servers - 1) / 2 + names_.values * (names_.values - 1) / 2;
    }
    // The swaps of neighbours, of which all renamings are made.
    std::vector<std::pair<std::uint8_t, std::uint8_t>> neighbours() const {
        std::vector<std::pair<std::uint8_t, std::uint8_t>> result;
        for (std::uint8_t name = 1; name < names_.size(); ++name)
            if (name != names_.servers) result.emplace_back(name - 1, name);
        return result;
    }

   private:
    void add(const Targets& targets) {
        starts_.push_back(swaps_.size());
        targets_.insert(targets_.end(), targets.begin(), targets.end());
        Targets now(targets.size());
        std::iota(now.begin(), now.end(), std::uint8_t{0});
        for (std::size_t name = 0; name < now.size(); ++name) {
            if (now[name] == targets[name]) continue;
            swaps_.push_back(swap(now[name], targets[name]));
            *std::find(now.begin(), now.end(), targets[name]) = now[name];
            now[name] = targets[name];
        }
    }
    static std::uint16_t pair(int less, int more, int of) {
        return static_cast<std::uint16_t>(less * (2 * of - less - 1) / 2 + more - less - 1);
    }
    static std::size_t factorial(std::size_t number) {
        return number < 2 ? 1 : number * factorial(number - 1);
    }
    // The place of a permutation among all, in their order.
    static std::size_t place(std::span<const std::uint8_t> order) {
        std::size_t result = 0;
        for (std::size_t at = 0; at < order.size(); ++at) {
            const auto later = order.subspan(at);
            const auto less = std::count_if(later.begin(), later.end(),
                                            [&](std::uint8_t each) { return each < order[at]; });
            result += static_cast<std::size_t>(less) * factorial(order.size() - at - 1);
        }
        return result;
    }

    Names names_;
    std::vector<std::uint8_t> targets_;
    std::vector<std::uint16_t> swaps_;
    std::vector<std::size_t> starts_;
};

}  // namespace explorer
