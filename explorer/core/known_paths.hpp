// The paths of actions that are known, as numbers: lists of them, what they change and what they ask.
#pragma once

#include <span>
#include <vector>

#include "row_model.hpp"

namespace explorer {

class KnownPaths {
   public:
    struct List {
        Word begin = 0, size = 0;
    };
    struct KnownPath {
        bool is_dead;
        List changes, residuals;
    };
    struct KnownResidual {
        Word number = none, to = Residual::test;
        List inputs;
    };

    // The number of a list of paths, which is kept.
    Word add(const std::vector<Path>& paths) {
        lists_.push_back({static_cast<Word>(paths_.size()), static_cast<Word>(paths.size())});
        for (const Path& each : paths) {
            KnownPath path{each.is_dead, added(changes_, each.changes), {}};
            path.residuals = {static_cast<Word>(uses_.size()), static_cast<Word>(each.residuals.size())};
            for (const Residual& residual : each.residuals) uses_.push_back(known(residual));
            paths_.push_back(path);
        }
        return static_cast<Word>(lists_.size() - 1);
    }

    std::span<const KnownPath> paths(Word list) const { return part(paths_, lists_[list]); }
    std::span<const std::pair<Word, Word>> changes(const KnownPath& path) const {
        return part(changes_, path.changes);
    }
    // The numbers of a path's residuals.
    std::span<const Word> residuals(const KnownPath& path) const { return part(uses_, path.residuals); }
    const KnownResidual& residual(Word number) const { return residuals_[number]; }
    std::span<const Residual::Input> inputs(const KnownResidual& residual) const {
        return part(inputs_, residual.inputs);
    }

   private:
    static constexpr Word none = ~Word{0};

    Word known(const Residual& residual) {
        if (residual.number >= residuals_.size()) residuals_.resize(residual.number + 1);
        KnownResidual& found = residuals_[residual.number];
        if (found.number == residual.number) return residual.number;  // not for the first time
        found = {residual.number, residual.to, added(inputs_, residual.inputs)};
        return residual.number;
    }
    template <class T>
    static List added(std::vector<T>& to, const std::vector<T>& more) {
        const List list{static_cast<Word>(to.size()), static_cast<Word>(more.size())};
        to.insert(to.end(), more.begin(), more.end());
        return list;
    }
    template <class T>
    static std::span<const T> part(const std::vector<T>& of, List list) {
        return {of.data() + list.begin, list.size};
    }

    std::vector<List> lists_;
    std::vector<KnownPath> paths_;
    std::vector<std::pair<Word, Word>> changes_;
    std::vector<KnownResidual> residuals_;
    std::vector<Residual::Input> inputs_;
    std::vector<Word> uses_;  // of residuals, by their numbers
};

}  // namespace explorer
