// Package strictjson decodes request bodies against a schema, as strictly as
// WeChat Pay does, and says precisely what is wrong and where.
//
// encoding/json takes the last of two equal keys, ignores unknown ones, folds
// case, replaces broken UTF-8 and turns null into "absent": each of these lets
// two readers of one signed body understand different payments. Here a body is
// read once, front to back, into a struct, and refused when
//
//   - it is no JSON, or goes on after the object;
//   - a key is unknown (unless Lenient), repeated, or missing;
//   - a value is null, of another type, too long, too short or out of range;
//   - a number has a fraction or an exponent, or does not fit 64 bits;
//   - a string is no UTF-8, holds U+0000 or a character outside the basic
//     plane (an emoji), which the API does not accept.
//
// A schema is a value: fields with a name, a place in the struct, and rules.
// Decoding uses no reflection and allocates little more than the strings.
package strictjson
