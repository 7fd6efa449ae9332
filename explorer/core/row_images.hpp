// Symmetry of rows: the image that stands for all renamings of a row, variable by variable.
//
// After each variable, those renamings are left that give the least numbers so far; what follows from
// a number is asked once.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "answers.hpp"
#include "row_keys.hpp"
#include "row_model.hpp"

namespace explorer {

class RowImages {
   public:
    // `keys` are those of rows.
    RowImages(RowModel& model, const RowSetting& setting, RowKeys& keys)
        : model_(model), groups_(setting.groups), places_(setting.places), row_keys_(keys),
          is_split_(groups_.size() < places_), numbers_like_(groups_.size()), own_keys_(std::max<std::size_t>(1, groups_.size())) {
        for (const std::vector<Word>& each : groups_) wholes_.emplace_back(each.size());
    }

    // The keys of images. These have a number for each variable; if rows have, too, they share what
    // they have in common.
    RowKeys& keys() { return is_split_ ? own_keys_ : row_keys_; }

    // Rows to come are much like this one.
    void expect_like(const Parts& row) {
        if (!is_split_) return;
        like_.assign(row.begin(), row.begin() + places_);
        for (Word group = 0; group < groups_.size(); ++group) numbers_like_[group] = asked_for(group, row);
    }

    // The key of a row's image.
    std::uint64_t key(const Parts& row) {
        image_.resize(keys().parts());
        Word renamings = 0;
        for (Word group = 0; group < groups_.size(); ++group) {
            const auto [number, left] = least(renamings, whole(group, row));
            image_[group] = number;
            renamings = left;
        }
        return is_split_ ? own_keys_.key(image_) : row_keys_.key(image_, row);
    }

    std::uint64_t asked() const { return asked_; }

   private:
    std::pair<Word, Word> least(Word renamings, Word number) {
        const Word question[] = {renamings, number};
        if (const Word* known = known_.find(question)) return least_[*known];
        ++asked_;
        least_.push_back(model_.least(renamings, number));
        known_.add(question, static_cast<Word>(least_.size() - 1));
        return least_.back();
    }
    Word whole(Word group, const Parts& row) {
        const std::vector<Word>& places = groups_[group];
        if (places.size() == 1) return row[places[0]];
        const bool is_same = !like_.empty() && std::all_of(places.begin(), places.end(), [&](Word place) {
            return row[place] == like_[place];
        });
        return is_same ? numbers_like_[group] : asked_for(group, row);
    }
    Word asked_for(Word group, const Parts& row) {
        const std::vector<Word>& places = groups_[group];
        if (places.size() == 1) return row[places[0]];
        question_.clear();
        for (Word place : places) question_.push_back(row[place]);
        if (const Word* known = wholes_[group].find(question_.data())) return *known;
        ++asked_;
        const Word number = model_.whole(group, {row.data(), places_});
        wholes_[group].add(question_.data(), number);
        return number;
    }

    RowModel& model_;
    const std::vector<std::vector<Word>> groups_;
    const std::size_t places_;
    RowKeys& row_keys_;
    const bool is_split_;
    Parts like_;
    std::vector<Word> numbers_like_;  // of the groups of that row
    RowKeys own_keys_;
    Answers known_{2};             // from renamings and a number to an entry of `least_`
    std::vector<Answers> wholes_;  // of groups: from what is at their places to a number
    std::vector<std::pair<Word, Word>> least_;
    std::uint64_t asked_ = 0;
    Parts image_;
    std::vector<Word> question_;
};

}  // namespace explorer
