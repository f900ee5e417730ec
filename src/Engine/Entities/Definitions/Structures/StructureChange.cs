namespace Strata.Entities.Definitions.Structures;

/// <summary>Something that a document has and its model's structure does not.</summary>
/// <param name="Path">Names with dots between, and indices, for example <c>lines[0].price</c>; empty for the document itself.</param>
/// <param name="Needs">The level that allows it.</param>
/// <param name="Message">What is the matter, to go behind the path.</param>
/// <param name="Declared">The types of the scalar that the model has there; null where the matter is not a scalar's type.</param>
/// <param name="Actual">The type of the scalar that the document has there.</param>
internal sealed record StructureChange(
    string Path, ChangeLevel Needs, string Message, TypeSet? Declared = null, DataType Actual = DataType.Null);
