// Which renamings can lead to the least of all images of the states of servers.
//
// All images of a tuple of states must have the same least one, found without trying all renamings.
// So servers and values get a colour that a renaming takes along: what looks different gets another
// one, by what a state is up to renaming and by how states see the names of each other. A renaming
// is tried only if it brings the servers, and the values, in the order of their colours. Which ones
// are tried of an image of the tuple is the same up to that image, and so is the least of them; and
// with one that leads to it, all are among them that do.
#pragma once

#include <unordered_map>
#include <vector>

#include "interner.hpp"
#include "model.hpp"
#include "renaming_group.hpp"

namespace explorer {

class Symmetry {
   public:
    Symmetry(Model& model, Names names)
        : model_(model),
          group_(names),
          nodes_(group_.number_of_swaps()),
          messages_(group_.number_of_swaps()),
          histories_(group_.number_of_swaps()) {}

    const RenamingGroup& group() const { return group_; }

    Node renamed_node(std::size_t renaming, Node node) {
        for (std::uint16_t swap : group_.swaps(renaming)) node = swapped(swap, node);
        return node;
    }
    Message renamed_message(std::size_t renaming, Message message) {
        for (std::uint16_t swap : group_.swaps(renaming))
            message = known(messages_[swap], message,
                            [&] { return model_.rename_message(swap, message); });
        return message;
    }
    History renamed_history(std::size_t renaming, History history) {
        for (std::uint16_t swap : group_.swaps(renaming))
            history = known(histories_[swap], history,
                            [&] { return model_.rename_history(swap, history); });
        return history;
    }
    // Where the server at a position comes to be.
    std::size_t target(std::size_t renaming, std::size_t position) const {
        return group_.names().servers == 0 ? position : group_.targets(renaming)[position];
    }

    // The renamings to try, by their numbers.
    const std::vector<std::uint16_t>& candidates(const std::vector<Node>& nodes) {
        candidates_.clear();
        if (group_.is_trivial()) {
            candidates_.push_back(0);
        } else {
            const std::vector<Word> colours = refined(nodes);
            RenamingGroup::Targets targets(colours.size());
            assign(colours, targets, 0);
        }
        return candidates_;
    }

    // What a node, or a message, can be renamed to, itself among it.
    std::vector<Node> images_of_node(Node node) {
        return images(node, [&](std::uint16_t swap, Node each) { return swapped(swap, each); });
    }
    std::vector<Message> images_of_message(Message message) {
        return images(message, [&](std::uint16_t swap, Message each) {
            return known(messages_[swap], each, [&] { return model_.rename_message(swap, each); });
        });
    }

   private:
    // A node up to renaming, and for each name a number: two names have the same if a renaming that
    // leaves the node as it is leads from one to the other, and a renaming takes the numbers along.
    struct Orbit {
        Node least;
        std::vector<std::uint8_t> labels;
    };
    using Targets = RenamingGroup::Targets;

    template <class Ask>
    static std::uint32_t known(std::vector<std::uint32_t>& table, std::uint32_t number, Ask ask) {
        if (number >= table.size()) table.resize(number + 1, unknown);
        if (table[number] == unknown) {
            const std::uint32_t answer = ask();
            table[number] = answer;
        }
        return table[number];
    }

    // No more than there are renamings, whatever the model answers.
    template <class Swapped>
    std::vector<std::uint32_t> images(std::uint32_t first, Swapped swapped) {
        std::vector<std::uint32_t> members{first};
        for (std::size_t at = 0; at < members.size(); ++at)
            for (const auto& [one, other] : group_.neighbours()) {
                const std::uint32_t image = swapped(group_.swap(one, other), members[at]);
                if (members.size() < group_.size() &&
                    std::find(members.begin(), members.end(), image) == members.end())
                    members.push_back(image);
            }
        return members;
    }

    Node swapped(std::uint16_t swap, Node node) {
        return known(nodes_[swap], node, [&] { return model_.rename_node(swap, node); });
    }

    const Orbit& orbit(Node node) {
        if (auto found = orbits_.find(node); found != orbits_.end()) return found->second;
        // All images of the node, each with a renaming that leads to it from the node.
        std::vector<Node> members{node};
        std::vector<Targets> ways{identity()};
        std::unordered_map<Node, std::size_t> places{{node, 0}};
        std::vector<std::uint8_t> classes = identity();  // of names that the node cannot tell apart
        for (std::size_t at = 0; at < members.size(); ++at) {
            for (const auto& [one, other] : group_.neighbours()) {
                Targets way = ways[at];
                for (std::uint8_t& to : way) to = to == one ? other : to == other ? one : to;
                const Node image = swapped(group_.swap(one, other), members[at]);
                const auto [found, is_new] = places.emplace(image, members.size());
                if (is_new) {
                    if (members.size() >= group_.size()) model_.refuse_rename(node);
                    members.push_back(image);
                    ways.push_back(way);
                    continue;
                }
                // There and back by another way leaves the node as it is.
                const Targets& before = ways[found->second];
                for (std::uint8_t name = 0; name < way.size(); ++name)
                    unite(classes, name, source(before, way[name]));
            }
        }
        const auto least = std::min_element(members.begin(), members.end());
        const Targets numbers = numbered(classes, ways[least - members.begin()]);
        for (std::size_t at = 0; at < members.size(); ++at) {
            Orbit& found = orbits_[members[at]];
            found.least = *least;
            found.labels.resize(classes.size());
            for (std::uint8_t name = 0; name < classes.size(); ++name)
                found.labels[ways[at][name]] = numbers[classes[name]];
        }
        return orbits_.at(node);
    }

    Targets identity() const {
        Targets result(group_.names().size());
        std::iota(result.begin(), result.end(), std::uint8_t{0});
        return result;
    }
    static std::uint8_t source(const Targets& way, std::uint8_t target) {
        return static_cast<std::uint8_t>(std::find(way.begin(), way.end(), target) - way.begin());
    }
    static void unite(std::vector<std::uint8_t>& classes, std::uint8_t one, std::uint8_t other) {
        const auto [kept, lost] = std::minmax(classes[one], classes[other]);
        const std::uint8_t keep = kept, lose = lost;
        std::replace(classes.begin(), classes.end(), lose, keep);
    }
    // Numbers for the classes, in the order in which they come where a way leads.
    static Targets numbered(const std::vector<std::uint8_t>& classes, const Targets& way) {
        Targets numbers(classes.size(), 0xFF);
        std::uint8_t next = 0;
        for (std::uint8_t name = 0; name < classes.size(); ++name) {
            std::uint8_t& number = numbers[classes[source(way, name)]];
            if (number == 0xFF) number = next++;
        }
        return numbers;
    }

    // A colour for each name. Where servers are not renamed, each has one of its own, unseen.
    std::vector<Word> refined(const std::vector<Node>& nodes) {
        const Names names = group_.names();
        std::vector<const Orbit*> seen;
        for (Node node : nodes) seen.push_back(&orbit(node));
        std::vector<std::vector<Word>> keys(names.size());
        for (std::size_t name = 0; name < names.size(); ++name)
            keys[name] = {name < names.servers ? seen[name]->least : unknown};
        std::size_t number = 0;
        std::vector<Word> colours;
        for (;;) {
            const std::size_t found = ranked(keys, colours);
            if (found == number || found == names.size()) return colours;
            number = found;
            for (std::size_t name = 0; name < names.size(); ++name)
                keys[name] = key(name, seen, colours);
        }
    }

    // A name's colour, and all that is seen of it by servers and, if it is one, by it.
    std::vector<Word> key(std::size_t name, const std::vector<const Orbit*>& seen,
                          const std::vector<Word>& colours) const {
        const Names names = group_.names();
        std::vector<std::vector<Word>> relations;
        for (std::size_t server = 0; server < seen.size(); ++server) {
            const Word colour = names.servers > 0 ? colours[server] : static_cast<Word>(server);
            relations.push_back({0, colour, seen[server]->labels[name]});
        }
        if (name < names.servers)
            for (std::size_t other = 0; other < names.size(); ++other)
                relations.push_back({1, colours[other], seen[name]->labels[other]});
        std::sort(relations.begin(), relations.end());
        std::vector<Word> result{colours[name]};
        for (const auto& each : relations) result.insert(result.end(), each.begin(), each.end());
        return result;
    }

    // The places of keys in their order, servers before values; how many there are.
    std::size_t ranked(std::vector<std::vector<Word>>& keys, std::vector<Word>& colours) const {
        for (std::size_t name = 0; name < keys.size(); ++name)
            keys[name].insert(keys[name].begin(), name < group_.names().servers ? 0 : 1);
        std::vector<std::vector<Word>> all(keys);
        std::sort(all.begin(), all.end());
        colours.resize(keys.size());
        for (std::size_t name = 0; name < keys.size(); ++name)
            colours[name] = static_cast<Word>(
                std::lower_bound(all.begin(), all.end(), keys[name]) - all.begin());
        return static_cast<std::size_t>(
            std::unique(all.begin(), all.end()) - all.begin());
    }

    // Each name goes to one of the places that its colour has: a colour is the first of them.
    void assign(const std::vector<Word>& colours, Targets& targets, std::size_t name) {
        if (name == colours.size()) {
            candidates_.push_back(static_cast<std::uint16_t>(group_.number_of(targets)));
            return;
        }
        const auto end = targets.begin() + static_cast<std::ptrdiff_t>(name);
        for (std::size_t place = colours[name]; place < colours.size(); ++place) {
            const auto holds = [&](Word colour) { return colour == colours[name]; };
            const auto size = std::count_if(colours.begin(), colours.end(), holds);
            if (place >= colours[name] + static_cast<std::size_t>(size)) return;
            if (std::find(targets.begin(), end, place) != end) continue;
            targets[name] = static_cast<std::uint8_t>(place);
            assign(colours, targets, name + 1);
        }
    }

    static constexpr std::uint32_t unknown = ~std::uint32_t{0};

    Model& model_;
    RenamingGroup group_;
    std::vector<std::vector<std::uint32_t>> nodes_, messages_, histories_;
    std::unordered_map<Node, Orbit> orbits_;
    std::vector<std::uint16_t> candidates_;
};

}  // namespace explorer
