// Chance, the same in Python and in C++: see explorer/walks/chance.py, its twin.
#pragma once

#include <cstdint>
#include <span>

namespace explorer {

class Chance {
   public:
    explicit Chance(std::uint64_t seed) : seed_(split(seed)), state_(seed_) {}

    // A number from 0 to below a limit.
    std::uint64_t below(std::uint64_t limit) { return scaled(split(state_ += golden), limit); }

    // A place by weight; where no place has any, as if they were equal.
    std::size_t pick(std::span<const std::uint64_t> weights) {
        std::uint64_t total = 0;
        for (std::uint64_t weight : weights) total += weight;
        if (total == 0) return below(weights.size());
        std::uint64_t left = below(total);
        std::size_t place = 0;
        for (; left >= weights[place]; ++place) left -= weights[place];
        return place;
    }

    // A number below `count` that depends on the seed and a name's hash alone.
    std::uint64_t of_name(std::uint64_t name, std::uint64_t count) const {
        return scaled(split(seed_ ^ name), count);
    }

   private:
    static constexpr std::uint64_t golden = 0x9E3779B97F4A7C15;

    static std::uint64_t split(std::uint64_t number) {
        number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9;
        number = (number ^ number >> 27) * 0x94D049BB133111EB;
        return number ^ number >> 31;
    }
    static std::uint64_t scaled(std::uint64_t number, std::uint64_t limit) {
        return static_cast<std::uint64_t>(static_cast<unsigned __int128>(number) * limit >> 64);
    }

    std::uint64_t seed_, state_;
};

}  // namespace explorer
