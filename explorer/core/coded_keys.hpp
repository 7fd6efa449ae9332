// Sorted keys in few bytes: blocks of differences, each block read by itself.
//
// Bits in which the keys of a block do not differ are left out, wherever they are: what a layout
// leaves empty takes no room. What is left is a number as large as the key among the keys of its
// block, so that differences from one to the next are small. Each difference has one of four widths,
// which are those that suit the block best, and two bits say which.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace explorer {

class CodedKeys {
   public:
    using Key = std::uint64_t;
    static constexpr std::size_t most = 1024;  // keys in a block
    static constexpr std::size_t head = 4;     // words: a checksum, the head, the first key, a mask

    // Add a block to some words: of 1 to `most` keys, sorted and each once.
    static void add(std::span<const Key> keys, std::vector<std::uint64_t>& words) {
        Key mask = 0;
        for (Key key : keys) mask |= key ^ keys[0];
        const Parts parts(mask);
        std::array<std::uint64_t, most> differences;
        std::array<std::uint32_t, 65> lengths{};
        Key before = parts.gathered(keys[0]);
        for (std::size_t at = 1; at < keys.size(); ++at) {
            const Key number = parts.gathered(keys[at]);
            differences[at] = number - before - 1;
            before = number;
            ++lengths[static_cast<std::size_t>(std::bit_width(differences[at]))];
        }
        const Widths widths = best(lengths);
        std::uint64_t head_word = keys.size();
        for (std::size_t code = 0; code < 4; ++code)
            head_word |= std::uint64_t{widths[code]} << (16 + 8 * code);
        const std::size_t begin = words.size(), codes = begin + head;
        words.resize(codes + code_words(keys.size()));
        words[begin + 1] = head_word;
        words[begin + 2] = keys[0];
        words[begin + 3] = mask;
        int used = 64;  // bits of the last word
        for (std::size_t at = 1; at < keys.size(); ++at) {
            const int length = std::bit_width(differences[at]);
            std::uint64_t code = 0;
            while (widths[code] < length) ++code;
            words[codes + (at - 1) / 32] |= code << (at - 1) % 32 * 2;
            for (int left = widths[code]; left > 0;) {
                if (used == 64) {
                    words.push_back(0);
                    used = 0;
                }
                words.back() |= differences[at] << used;
                const int put = std::min(left, 64 - used);
                differences[at] = put == 64 ? 0 : differences[at] >> put;
                used += put;
                left -= put;
            }
        }
        words[begin] = checksum({words.data() + begin, words.size() - begin});
    }

    // Whether a block, all of its words, is what was written.
    static bool is_whole(std::span<const std::uint64_t> block) {
        return block.size() >= head && block[0] == checksum(block) && count(block) <= most;
    }
    static std::uint64_t first(std::span<const std::uint64_t> block) { return block[2]; }

    // The keys of a block that is whole, of which at least two more words can be read; they find
    // room for `most` of them. Return how many there are.
    static std::size_t read(std::span<const std::uint64_t> block, Key* keys) {
        Widths widths;
        for (std::size_t code = 0; code < 4; ++code)
            widths[code] = static_cast<std::uint8_t>(block[1] >> (16 + 8 * code));
        if (widths[3] > 56)
            read_differences<true>(block, widths, keys);
        else
            read_differences<false>(block, widths, keys);
        Parts(block[3]).scatter(keys, count(block), block[2] & ~block[3]);
        return count(block);
    }

   private:
    using Widths = std::array<std::uint8_t, 4>;

    static std::size_t count(std::span<const std::uint64_t> block) { return block[1] & 0xFFFF; }
    static std::size_t code_words(std::size_t count) { return (count - 1 + 31) / 32; }

    // Each step is a bijection of both, so that no change of a single word goes unnoticed.
    static std::uint64_t checksum(std::span<const std::uint64_t> block) {
        std::uint64_t sum = block.size();
        for (std::uint64_t word : block.subspan(1))
            sum = std::rotl((sum ^ word) * 0x9E3779B97F4A7C15ULL, 29);
        return sum;
    }

    // The bits of a mask, in as many pieces as they have holes.
    class Parts {
       public:
        explicit Parts(Key mask) {
            for (int from = 0, done = 0; mask != 0;) {
                const int skipped = std::countr_zero(mask);
                mask >>= skipped;
                from += skipped;
                const int length = std::countr_one(mask);
                mask = length == 64 ? 0 : mask >> length;
                const Key ones = length == 64 ? ~Key{0} : (Key{1} << length) - 1;
                parts_[size_++] = {ones << done, from - done};
                from += length;
                done += length;
            }
        }
        Key gathered(Key key) const {
            Key number = 0;
            for (std::size_t at = 0; at < size_; ++at)
                number |= key >> parts_[at].shift & parts_[at].ones;
            return number;
        }
        void scatter(Key* keys, std::size_t count, Key others) const {
            for (std::size_t at = 0; at < count; ++at) {
                Key key = others;
                for (std::size_t part = 0; part < size_; ++part)
                    key |= (keys[at] & parts_[part].ones) << parts_[part].shift;
                keys[at] = key;
            }
        }

       private:
        struct Part {
            Key ones;
            int shift;
        };
        std::array<Part, 32> parts_;
        std::size_t size_ = 0;
    };

    // The four widths with which numbers of these lengths take the fewest bits.
    static Widths best(const std::array<std::uint32_t, 65>& lengths) {
        std::size_t longest = 64;
        while (longest > 0 && lengths[longest] == 0) --longest;
        std::array<std::uint32_t, 65> up_to{};
        std::uint32_t sum = 0;
        for (std::size_t width = 0; width <= longest; ++width) up_to[width] = sum += lengths[width];
        // For so many widths, the last of which is this: the bits, and the width before.
        std::array<std::array<std::uint32_t, 65>, 4> bits, before{};
        for (std::size_t width = 0; width <= longest; ++width)
            bits[0][width] = up_to[width] * static_cast<std::uint32_t>(width);
        for (std::size_t more = 1; more < 4; ++more)
            for (std::size_t width = 0; width <= longest; ++width) {
                bits[more][width] = bits[more - 1][width];
                before[more][width] = static_cast<std::uint32_t>(width);
                for (std::size_t last = 0; last < width; ++last) {
                    const std::uint32_t found =
                        bits[more - 1][last] +
                        (up_to[width] - up_to[last]) * static_cast<std::uint32_t>(width);
                    if (found >= bits[more][width]) continue;
                    bits[more][width] = found;
                    before[more][width] = static_cast<std::uint32_t>(last);
                }
            }
        Widths widths;
        std::size_t width = longest;
        for (std::size_t more = 4; more-- > 0; width = before[more][width])
            widths[more] = static_cast<std::uint8_t>(width);
        return widths;
    }

    static std::uint64_t loaded(const char* from) {
        std::uint64_t word;
        std::memcpy(&word, from, sizeof word);
        return word;
    }

    template <bool are_wide>
    static void read_differences(std::span<const std::uint64_t> block, const Widths& widths,
                                 Key* keys) {
        std::array<std::uint64_t, 4> masks;
        for (std::size_t code = 0; code < 4; ++code)
            masks[code] = widths[code] == 64 ? ~Key{0} : (Key{1} << widths[code]) - 1;
        const std::uint64_t* codes = block.data() + head;
        const char* data = reinterpret_cast<const char*>(codes + code_words(count(block)));
        Key number = Parts(block[3]).gathered(block[2]);
        keys[0] = number;
        std::uint64_t place = 0, code = 0;
        for (std::size_t at = 1; at < count(block); ++at) {
            code = (at - 1) % 32 == 0 ? codes[(at - 1) / 32] : code >> 2;
            const char* from = data + place / 8;
            std::uint64_t difference = loaded(from) >> place % 8;
            if (are_wide && place % 8 != 0) difference |= loaded(from + 8) << (64 - place % 8);
            number += (difference & masks[code & 3]) + 1;
            keys[at] = number;
            place += widths[code & 3];
        }
    }
};

}  // namespace explorer
