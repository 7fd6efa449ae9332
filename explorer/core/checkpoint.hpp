// What a search has found, kept in files, so that it can go on whatever ended it.
//
//   states-E.bin   the keys of all states found, in the order in which they were found
//   servers.bin    the servers that the keys speak of, by their numbers: nodes and history
//   networks.bin   what is in flight in them, where that is a number in a key
//   point-N.bin    the rest: the layout of keys, what was counted, the messages by their numbers,
//                  and the states that are left to expand
//
// All but the points grow only, so that each state is written once however often the search is kept;
// what counts of them, and which point belongs to them, is noted by whoever `commit` is. Until it
// has noted the new, the old is there untouched. E counts how often states have got other keys, or
// were written anew after a failure; N counts points.
//
// Nodes, histories and messages are numbers of the model's, which must mean the same again when a
// search goes on: see explorer/engines/journal.py. Edges and verdicts are asked for again when they are
// needed; what was checked before need not be checked again, since a state or a step that was found
// bad is remembered in the point.
#pragma once

#include <chrono>
#include <cstring>
#include <map>
#include <optional>

#include "files.hpp"
#include "search.hpp"

namespace explorer {

// What was found does not fit into the memory that the search may use.
struct NoRoom : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Checkpoint : public Keeper {
   public:
    using Files = std::map<std::string, Extent>;
    // Note that these files are the checkpoint now; false if the search shall stop.
    using Commit = std::function<bool(const Files&)>;
    // Tell that a file cannot be written.
    using Trouble = std::function<void(const std::string&)>;

    Checkpoint(Search& search, std::string folder, double every, Commit commit, Trouble trouble)
        : search_(search), folder_(std::move(folder)), every_(every), commit_(std::move(commit)),
          trouble_(std::move(trouble)) {}

    // Make the search one that has found what is kept; the next `run` goes on with it. Throws
    // Damaged, FileError or NoRoom.
    void restore(const Files& files) {
        const auto& [point_name, point_extent] = named("point-", files, point_);
        const auto& [states_name, states_extent] = named("states-", files, epoch_);
        const auto& [servers_name, servers_extent] = named("servers", files, unused_);
        const auto& [networks_name, networks_extent] = named("networks", files, unused_);
        Reader point(path(point_name), point_extent), states(path(states_name), states_extent),
            servers(path(servers_name), servers_extent),
            networks(path(networks_name), networks_extent);
        const std::uint64_t capacity = restore_counts(point);
        restore_numbers(point, servers);
        restore_networks(networks);
        restore_states(states, capacity);
        restore_front(point);
        if (point.left() > 0) point.misfit();
        logged_ = search_.front_.next.size();
        servers_kept_ = servers_extent;
        networks_kept_ = networks_extent;
        states_.emplace(path(states_name), states_extent);
        states_kept_ = states_extent;
        search_.is_restored_ = true;
    }

    void begin() override {
        try {
            new_states();
            logged_ = 0;
            log(search_.front_.level);
            logged_ = 0;
        } catch (const FileError& error) {
            give_up(error);
        }
    }

    void end_of_level() override {
        try {
            if (states_) log(search_.front_.next);
        } catch (const FileError& error) {
            give_up(error);
        }
        logged_ = 0;
    }

    void have_other_keys() override { states_.reset(); }

    bool is_due() const override {
        return std::chrono::steady_clock::now() - last_ >= std::chrono::duration<double>(every_);
    }

    bool keep() override {
        bool go_on = true;
        try {
            go_on = commit_(written());
        } catch (const FileError& error) {
            give_up(error);
        }
        last_ = std::chrono::steady_clock::now();
        return go_on;
    }

   private:
    std::string path(const std::string& name) const { return folder_ + "/" + name; }
    std::string states_name() const { return "states-" + std::to_string(epoch_) + ".bin"; }

    // ---- Writing

    Files written() {
        if (states_) {
            log(search_.front_.next);
        } else {
            new_states();
            for (std::size_t slot = 0; slot < search_.visited_.slots(); ++slot)
                if (const std::uint64_t key = search_.visited_.at(slot); key != 0) states_->add(key);
            logged_ = search_.front_.next.size();
        }
        const std::string point_name = "point-" + std::to_string(++point_) + ".bin";
        Log point(path(point_name), {});
        write_point(point);
        const Files files{{states_name(), states_->sync()},
                          {"servers.bin", write_servers()},
                          {"networks.bin", write_networks()},
                          {point_name, point.sync()}};
        states_kept_ = files.at(states_name());
        servers_kept_ = files.at("servers.bin");
        networks_kept_ = files.at("networks.bin");
        last_network_ = reached_network_;
        return files;
    }

    void new_states() {
        states_.reset();
        ++epoch_;
        states_kept_ = {};
        states_.emplace(path(states_name()), Extent{});
    }

    // Write what was not written of a level that grows.
    void log(const Level& level) {
        std::size_t known = logged_;
        for (const Level::Block& block : level.blocks()) {
            for (std::size_t at = std::min(known, block.size()); at < block.size(); ++at)
                states_->add(block[at]);
            known -= std::min(known, block.size());
        }
        logged_ = level.size();
    }

    // Two numbers to a word, each sequence from a new word on.
    Extent write_servers() {
        Log log(path("servers.bin"), servers_kept_);
        const Steps& steps = search_.space_.steps();
        for (std::size_t number = servers_kept_.words / words_of_servers() + 1;
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
    Extent write_networks() {
        Log log(path("networks.bin"), networks_kept_);
        const InternedNetworks& networks = search_.space_.interned();
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
    std::size_t sequence_size() const { return search_.setting_.servers + 1; }

    void write_point(Log& log) const {
        const Found& found = search_.found_;
        const Front& front = search_.front_;
        for (int bits : search_.space_.layout().bits()) log.add(static_cast<std::uint64_t>(bits));
        log.add(search_.visited_.capacity());
        for (std::uint64_t number : {found.depth, found.covered_depth, found.queue,
                                     found.cut_by_depth, found.tally.transitions,
                                     found.tally.distinct, found.tally.lost})
            log.add(number);
        write(log, found.tally.names);
        write(log, found.tally.cut);
        write(log, search_.verdicts().reached());
        write_messages(log);
        log.add(front.is_inside);
        log.add(front.is_violated);
        for (const Level* level : {&front.level, &front.next}) {
            log.add(level->size());
            for (const Level::Block& block : level->blocks())
                for (std::uint64_t key : block) log.add(key);
        }
    }
    void write_messages(Log& log) const {
        const Messages& messages = search_.space_.messages();
        log.add(messages.size());
        for (Word number = 0; number < messages.size(); ++number)
            log.add(number == 0 ? 0 : messages.of_model(number));
    }
    template <class Numbers>
    static void write(Log& log, const Numbers& numbers) {
        log.add(numbers.size());
        for (const auto number : numbers) log.add(number);
    }

    // The search goes on, and so does what was kept before. The next time that something is kept,
    // all states are written anew.
    void give_up(const FileError& error) {
        states_.reset();
        try {
            Log(path(states_name()), states_kept_);  // what was written in vain takes room
        } catch (const FileError&) {
        }
        trouble_(error.path + ": " + std::strerror(error.code));
    }

    // ---- Reading

    // The file of this name, and the number in its name.
    Files::const_reference named(const std::string& prefix, const Files& files,
                                 std::uint64_t& number) const {
        const auto found = files.lower_bound(prefix);
        if (found == files.end() || !found->first.starts_with(prefix))
            throw Damaged(path(prefix), "there is no such file");
        number = std::strtoull(found->first.c_str() + prefix.size(), nullptr, 10);
        return *found;
    }

    std::uint64_t restore_counts(Reader& point) {
        std::array<int, 5> bits;
        for (int& each : bits) each = static_cast<int>(std::min<std::uint64_t>(point.next(), 65));
        if (!Layout::is_one(bits)) point.misfit();
        search_.space_.use(Layout(bits[0], {bits[1], bits[2], bits[3]}, bits[4]));
        const std::uint64_t capacity = point.next();
        Found& found = search_.found_ = Found{};
        for (std::uint64_t* number : {&found.depth, &found.covered_depth, &found.queue,
                                      &found.cut_by_depth, &found.tally.transitions,
                                      &found.tally.distinct, &found.tally.lost})
            *number = point.next();
        const std::uint64_t names = point.next();
        if (names > most_names) point.misfit();
        found.tally.names.resize(names);
        for (std::uint64_t& number : found.tally.names) number = point.next();
        found.tally.cut.resize(search_.setting_.own_bounds + Cut::cuts);
        read(point, found.tally.cut);
        std::vector<bool> reached(search_.verdicts().reached().size());
        read(point, reached);
        search_.space_.verdicts().set_reached(std::move(reached));
        return capacity;
    }
    template <class Numbers>
    static void read(Reader& reader, Numbers& numbers) {
        if (reader.next() != numbers.size()) reader.misfit();
        for (std::size_t at = 0; at < numbers.size(); ++at) numbers[at] = reader.next();
    }

    void restore_numbers(Reader& point, Reader& servers) {
        Steps& steps = search_.space_.steps();
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
        InternedNetworks& interned = search_.space_.interned();
        std::vector<Word> messages;
        try {
            while (networks.left() > 0) {
                const std::uint64_t size = networks.next();
                if (size == 0 || size > networks.left()) networks.misfit();
                messages.clear();
                for (std::uint64_t at = 0; at < size; ++at) {
                    messages.push_back(static_cast<Word>(networks.next()));
                    if (messages.back() == 0 || messages.back() >= search_.space_.messages().size())
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

    void restore_states(Reader& states, std::uint64_t capacity) {
        Visited& visited = search_.visited_;
        if (capacity > visited.max_capacity() ||
            resident_bytes() + capacity * sizeof(std::uint64_t) > search_.setting_.memory)
            throw NoRoom("the " + std::to_string(states.left()) + " states that were found need " +
                         std::to_string((capacity * sizeof(std::uint64_t) >> 20) + 1) +
                         " MB of memory, and the search needs more besides");
        visited.start_with(capacity);
        // A thread takes a whole step before it sees that there is no more room.
        if (visited.capacity() < states.left() || states.left() != search_.found_.tally.distinct)
            states.misfit();
        std::uint64_t keys[64];
        std::size_t homes[64];
        while (states.left() > 0) {
            const std::size_t count = std::min<std::uint64_t>(states.left(), 64);
            for (std::size_t at = 0; at < count; ++at) {
                keys[at] = checked(states);
                homes[at] = visited.home(keys[at]);
                visited.prefetch(homes[at]);
            }
            for (std::size_t at = 0; at < count; ++at)
                if (!visited.insert(keys[at], homes[at])) states.misfit();
        }
    }

    void restore_front(Reader& point) {
        Front& front = search_.front_ = Front{};
        front.is_inside = point.next() != 0;
        front.is_violated = point.next() != 0;
        for (Level* level : {&front.level, &front.next})
            for (std::uint64_t left = point.next(); left > 0; --left) level->add(checked(point));
        search_.distinct_seen_ = search_.found_.tally.distinct;
        search_.transitions_seen_ = search_.found_.tally.transitions;
    }

    // A key, which speaks of nothing that has no number.
    std::uint64_t checked(Reader& reader) const {
        const std::uint64_t key = reader.next();
        const Space& space = search_.space_;
        const Word servers = space.servers(key);
        bool is_one = servers > 0 && servers <= space.steps().servers();
        const std::uint64_t network = space.layout().network(key);
        if (space.layout().is_packed())
            for (Word message : space.numbers_of(key))
                is_one = is_one && message < space.messages().size();
        else
            is_one = is_one && network < space.interned().end();
        if (!is_one) reader.misfit();
        return key;
    }

    Search& search_;
    std::string folder_;
    double every_;
    Commit commit_;
    Trouble trouble_;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();

    static constexpr std::uint64_t most_names = std::uint64_t{1} << 16;

    std::uint64_t epoch_ = 0, point_ = 0, unused_ = 0;
    std::uint64_t last_network_ = 0, reached_network_ = 0;  // kept, and written
    std::optional<Log> states_;  // nothing: it could not be written
    Extent states_kept_, servers_kept_, networks_kept_;
    std::size_t logged_ = 0;  // how much of the next level is in the file
};

}  // namespace explorer
