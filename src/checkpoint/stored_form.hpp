// stored_form.hpp: how variables lie in a safetensors file, those included that the format has no type for.
#ifndef RUNHOOK_SRC_CHECKPOINT_STORED_FORM_HPP_
#define RUNHOOK_SRC_CHECKPOINT_STORED_FORM_HPP_

#include <string_view>

#include "checkpoint/safetensors.hpp"
#include "runhook/checkpoint.hpp"

namespace runhook::inline v1 {
namespace detail {

// What is to be stored of a value. Its bytes are those of a tensor that is contiguous.
StoredVariable described(std::string_view name, const Value& value);
std::string_view bytes_of(const Value& value) noexcept;

// Adds a variable to a header, as a tensor of what it is made of if need be, which the metadata then says.
SafetensorsEntry stored_form(const StoredVariable& variable, SafetensorsHeader& header);
// The variable that has such a form. Throws DATA_LOSS if the metadata says what the tensor cannot be.
StoredVariable variable_of(const SafetensorsEntry& tensor, const SafetensorsHeader& header);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_CHECKPOINT_STORED_FORM_HPP_
