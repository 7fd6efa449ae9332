// States on their way from one rank to another: rows of small numbers, each in as few bytes as it
// needs.
//
// Every rank has numbers of its own. What a row names is numbered anew, for each two ranks, in the
// order in which it is named for the first time; then what it stands for goes along, once. The
// receiver keeps what these numbers are in its own. Servers that are canonical in the numbers of
// one rank need not be so in another's: they are made so again, and what is in flight follows.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "segments.hpp"
#include "space.hpp"

namespace explorer {

// What goes to one rank at a time. Whoever carries it replaces numbers of what was named for the
// first time by the receiver's, see `Peers`.
struct Parcel {
    std::vector<Node> nodes;
    std::vector<Message> messages;
    std::vector<History> histories;
    std::vector<std::uint8_t> bytes;
};

inline void put(std::vector<std::uint8_t>& bytes, std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) bytes.push_back(static_cast<std::uint8_t>(number | 0x80));
    bytes.push_back(static_cast<std::uint8_t>(number));
}

// Reads what was put. Throws at the end of the bytes.
class Numbers {
   public:
    explicit Numbers(const std::vector<std::uint8_t>& bytes) : bytes_(bytes) {}
    std::uint64_t next() {
        std::uint64_t number = 0;
        for (int shift = 0;; shift += 7) {
            if (at_ >= bytes_.size() || shift > 63) throw std::runtime_error("a broken parcel");
            const std::uint8_t byte = bytes_[at_++];
            number |= std::uint64_t{byte & 0x7Fu} << shift;
            if (byte < 0x80) return number;
        }
    }

   private:
    const std::vector<std::uint8_t>& bytes_;
    std::size_t at_ = 0;
};

// Which of the possible faults stand in a row.
inline std::vector<int> faults_of(const Setting& setting) {
    std::vector<int> result;
    for (int fault = 0; fault < 3; ++fault)
        if (setting.limits.faults[fault] > 0) result.push_back(fault);
    return result;
}

// What one rank writes to another.
class Outbox {
   public:
    Outbox(Space& space, const Setting& setting) : space_(space), faults_(faults_of(setting)) {}

    std::size_t size() const { return rows_.size(); }

    void add(std::uint64_t key) {
        put(rows_, named(space_.servers(key)));
        for (int fault : faults_) put(rows_, space_.faults(key)[fault]);
        numbers_.clear();
        space_.each_message(key, [&](Word number) { numbers_.push_back(number); });
        put(rows_, numbers_.size());
        for (Word number : numbers_) put(rows_, named_message(number));
        ++count_;
    }

    // All that was added, after what the bytes have already.
    Parcel take(std::vector<std::uint8_t> bytes) {
        Parcel parcel{std::move(nodes_), std::move(messages_), std::move(histories_),
                      std::move(bytes)};
        put(parcel.bytes, new_servers_);
        parcel.bytes.insert(parcel.bytes.end(), sequences_.begin(), sequences_.end());
        put(parcel.bytes, count_);
        parcel.bytes.insert(parcel.bytes.end(), rows_.begin(), rows_.end());
        nodes_.clear();
        messages_.clear();
        histories_.clear();
        sequences_.clear();
        rows_.clear();
        new_servers_ = count_ = 0;
        return parcel;
    }

   private:
    using Names = std::unordered_map<std::uint32_t, Word>;

    Word named(Word servers) {
        Word& name = name_of(servers_, servers);
        if (name != 0) return name - 1;
        const Shape shape = space_.steps().shape(servers, {});
        for (Node node : shape.nodes) put(sequences_, named(known_nodes_, node, nodes_));
        put(sequences_, named(known_histories_, shape.history, histories_));
        ++new_servers_;
        name = ++named_servers_;
        return name - 1;
    }
    Word named_message(Word number) {
        Word& name = name_of(known_messages_, number);
        if (name == 0) {
            name = ++named_messages_;
            messages_.push_back(space_.messages().of_model(number));
        }
        return name - 1;
    }
    static Word& name_of(Segments<Word>& names, Word number) {
        names.make_room_for(number);
        return names[number];
    }
    static Word named(Names& names, std::uint32_t number, std::vector<std::uint32_t>& fresh) {
        const auto [found, is_new] = names.emplace(number, static_cast<Word>(names.size()));
        if (is_new) fresh.push_back(number);
        return found->second;
    }

    Space& space_;
    std::vector<int> faults_;
    Segments<Word> servers_, known_messages_;  // one more than the name; 0: none yet
    Names known_nodes_, known_histories_;
    Word named_servers_ = 0, named_messages_ = 0;

    std::vector<Node> nodes_;
    std::vector<Message> messages_;
    std::vector<History> histories_;
    std::uint64_t new_servers_ = 0, count_ = 0;
    std::vector<std::uint8_t> sequences_, rows_;
    std::vector<Word> numbers_;
};

// What one rank reads of another's.
class Inbox {
   public:
    Inbox(Space& space, const Setting& setting)
        : space_(space), servers_count_(setting.servers), faults_(faults_of(setting)) {}

    // Call expect(count) once and then visit(key) for each state; `again(f)` calls f until it does
    // not throw Overflow, with more room each time. `numbers` has read all that comes before.
    template <class Again, class Expect, class Visit>
    void read(const Parcel& parcel, Numbers& numbers, Again again, Expect expect, Visit visit) {
        nodes_.insert(nodes_.end(), parcel.nodes.begin(), parcel.nodes.end());
        histories_.insert(histories_.end(), parcel.histories.begin(), parcel.histories.end());
        for (Message message : parcel.messages)
            again([&] { messages_.push_back(space_.steps().number_of(message)); });
        for (std::uint64_t left = numbers.next(); left > 0; --left) read_servers(numbers, again);
        std::uint64_t left = numbers.next();
        expect(left);
        std::vector<Word> in_flight;
        for (; left > 0; --left) {
            const Canonical servers = servers_.at(numbers.next());
            Faults faults{};
            for (int fault : faults_) faults[fault] = static_cast<std::uint32_t>(numbers.next());
            in_flight.resize(numbers.next());
            for (Word& each : in_flight) each = messages_.at(numbers.next());
            again([&] {
                visit(space_.key_of(servers.number, servers.renamings, faults, in_flight));
            });
        }
    }

   private:
    struct Canonical {
        Word number;
        const Renamings* renamings;
    };

    template <class Again>
    void read_servers(Numbers& numbers, Again again) {
        std::vector<Node> nodes(servers_count_);
        for (Node& node : nodes) node = nodes_.at(numbers.next());
        const History history = histories_.at(numbers.next());
        again([&] {
            const auto [number, renamings] = space_.steps().canonical(nodes, history);
            servers_.push_back({number, renamings});
        });
    }

    Space& space_;
    std::size_t servers_count_;
    std::vector<int> faults_;
    std::vector<Canonical> servers_;
    std::vector<Node> nodes_;
    std::vector<Word> messages_;
    std::vector<History> histories_;
};

}  // namespace explorer
