// What the keys of a search speak of, kept in files: they mean the same to another process then.
//
//   servers.bin    the servers, by their numbers: nodes and history
//   networks.bin   what is in flight, where that is a number in a key
//   a point        the layout of keys, the messages by their numbers, what was counted and reached
//
// The first two grow only. Nodes, histories and messages are numbers of the model's, which must mean
// the same again: see explorer/engines/journal.py. Edges and verdicts are asked for again when they
// are needed.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "files.hpp"
#include "space.hpp"

namespace explorer {

using Files = std::map<std::string, Extent>;

class KeptSpace {
   public:
    KeptSpace(Space& space, const Setting& setting, std::string folder)
        : space_(space), setting_(setting), folder_(std::move(folder)) {}

    std::string path(const std::string& name) const { return folder_ + "/" + name; }

    // The file whose name begins so, and the number after that. Throws Damaged.
    std::pair<Files::const_reference, std::uint64_t> named(const std::string& prefix,
                                                           const Files& files) const {
        const auto found = files.lower_bound(prefix);
        if (found == files.end() || !found->first.starts_with(prefix))
            throw Damaged(path(prefix), "there is no such file");
        return {*found, std::strtoull(found->first.c_str() + prefix.size(), nullptr, 10)};
    }

    // Write what has a number since the last time, and add the files to those that count. Throws
    // FileError.
    void write(Files& files) {
        files["servers.bin"] = servers_ = written_servers();
        files["networks.bin"] = networks_ = written_networks();
        last_network_ = reached_network_;
    }

    void write_point(Log& log, const Found& found) const {
        for (int bits : space_.layout().bits()) log.add(static_cast<std::uint64_t>(bits));
        for (std::uint64_t number : {found.depth, found.covered_depth, found.queue,
                                     found.cut_by_depth, found.tally.transitions,
                                     found.tally.distinct, found.tally.lost})
            log.add(number);
        write(log, found.tally.names);
        write(log, found.tally.cut);
        write(log, space_.verdicts().reached());
        const Messages& messages = std::as_const(space_).messages();
        log.add(messages.size());
        for (Word number = 0; number < messages.size(); ++number)
            log.add(number == 0 ? 0 : messages.of_model(number));
    }

    // Give everything the number that it had; return what was counted. The layout comes last: it
    // may have been outgrown when it was kept. Throws Damaged or FileError.
    Found restore(const Files& files, Reader& point) {
        const auto& [servers_name, servers_extent] = named("servers", files).first;
        const auto& [networks_name, networks_extent] = named("networks", files).first;
        Reader servers(path(servers_name), servers_extent),
            networks(path(networks_name), networks_extent);
        const Layout layout = restored_layout(point);
        const Found found = restored_counts(point);
        space_.lift_limits();
        restore_numbers(point, servers);
        restore_networks(networks);
        space_.use(layout);
        servers_ = servers_extent;
        networks_ = networks_extent;
        return found;
    }

   private:
    // ---- Writing

    // Two numbers to a word, each sequence from a new word on.
    Extent written_servers() {
        Log log(path("servers.bin"), servers_);
        const Steps& steps = space_.steps();
        for (std::size_t number = servers_.words / words_of_servers() + 1;
             number <= steps.servers(); ++number) {
            const std::span<const Word> sequence = steps.sequence(static_cast<Word>(number));
            for (std::size_t at = 0; at < sequence.size(); at += 2)
                log.add(sequence[at] | (at + 1 < sequence.size()
                                            ? std::uint64_t{sequence[at + 1]} << 32
                                            : std::uint64_t{0}));
        }
        return log.sync();
    }
    // One after the other, the messages of each after how many there are.
    Extent written_networks() {
        Log log(path("networks.bin"), networks_);
        const InternedNetworks& networks = space_.interned();
        reached_network_ = last_network_;
        for (std::uint64_t number = last_network_ == 0 ? networks.first()
                                                       : networks.after(last_network_);
             number != 0; number = networks.after(number)) {
            const std::span<const Word> messages = networks.view(number);
            log.add(messages.size());
            for (Word message : messages) log.add(message);
            reached_network_ = number;
        }
        return log.sync();
    }
    std::size_t words_of_servers() const { return (sequence_size() + 1) / 2; }
    std::size_t sequence_size() const { return setting_.servers + 1; }

    template <class Numbers>
    static void write(Log& log, const Numbers& numbers) {
        log.add(numbers.size());
        for (const auto number : numbers) log.add(number);
    }

    // ---- Reading

    static Layout restored_layout(Reader& point) {
        std::array<int, 5> bits;
        for (int& each : bits) each = static_cast<int>(std::min<std::uint64_t>(point.next(), 65));
        if (!Layout::is_one(bits)) point.misfit();
        return Layout(bits[0], {bits[1], bits[2], bits[3]}, bits[4]);
    }

    Found restored_counts(Reader& point) {
        Found found;
        for (std::uint64_t* number : {&found.depth, &found.covered_depth, &found.queue,
                                      &found.cut_by_depth, &found.tally.transitions,
                                      &found.tally.distinct, &found.tally.lost})
            *number = point.next();
        const std::uint64_t names = point.next();
        if (names > most_names) point.misfit();
        found.tally.names.resize(names);
        for (std::uint64_t& number : found.tally.names) number = point.next();
        found.tally.cut.resize(setting_.own_bounds + Cut::cuts);
        read(point, found.tally.cut);
        std::vector<bool> reached(space_.verdicts().reached().size());
        read(point, reached);
        space_.verdicts().set_reached(std::move(reached));
        return found;
    }
    template <class Numbers>
    static void read(Reader& reader, Numbers& numbers) {
        if (reader.next() != numbers.size()) reader.misfit();
        for (std::size_t at = 0; at < numbers.size(); ++at) numbers[at] = reader.next();
    }

    void restore_numbers(Reader& point, Reader& servers) {
        Steps& steps = space_.steps();
        const Messages& known = steps.messages();
        try {
            const std::uint64_t messages = point.next();
            for (std::uint64_t number = 0; number < messages; ++number) {
                const auto message = static_cast<Message>(point.next());
                if (number > 0) steps.number_of(message);
                if (number >= known.size() || (number > 0 && known.of_model(number) != message))
                    point.misfit();
            }
            std::vector<Word> sequence(2 * words_of_servers());
            for (Word number = 1; servers.left() > 0; ++number) {
                for (std::size_t at = 0; at < sequence.size(); at += 2) {
                    const std::uint64_t word = servers.next();
                    sequence[at] = static_cast<Word>(word);
                    sequence[at + 1] = static_cast<Word>(word >> 32);
                }
                if (steps.restore({sequence.data(), sequence_size()}) != number) servers.misfit();
            }
        } catch (const Overflow&) {
            point.misfit();
        }
    }

    void restore_networks(Reader& networks) {
        InternedNetworks& interned = space_.interned();
        std::vector<Word> messages;
        try {
            while (networks.left() > 0) {
                const std::uint64_t size = networks.next();
                if (size == 0 || size > networks.left()) networks.misfit();
                messages.clear();
                for (std::uint64_t at = 0; at < size; ++at) {
                    messages.push_back(static_cast<Word>(networks.next()));
                    if (messages.back() == 0 || messages.back() >= space_.messages().size())
                        networks.misfit();
                }
                const std::uint64_t expected = interned.end();
                last_network_ = interned.intern(messages);
                if (last_network_ < expected) networks.misfit();
            }
        } catch (const Overflow&) {
            networks.misfit();
        }
    }

    static constexpr std::uint64_t most_names = std::uint64_t{1} << 16;

    Space& space_;
    const Setting& setting_;
    std::string folder_;
    std::uint64_t last_network_ = 0, reached_network_ = 0;  // kept, and written
    Extent servers_, networks_;  // so much of them was written
};

}  // namespace explorer
