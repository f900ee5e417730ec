namespace Strata.Entities.Definitions.Structures;

/// <summary>
/// What a document may change about the structure of its locked model; each level includes those before it. None: nothing, documents must
/// fit. Lengths of arrays are not part of a structure, so ARRAY_LENGTH allows no more than none does.
/// </summary>
internal enum ChangeLevel
{
    None,
    ArrayLength,

    /// <summary>New types of scalars in arrays.</summary>
    ArrayElements,

    /// <summary>New types of scalars, and a first type for what was only null.</summary>
    Type,

    /// <summary>New fields, and objects or arrays where there were none.</summary>
    Structural,
}

/// <summary>Spelling of change levels in the entity API.</summary>
internal static class ChangeLevels
{
    private static readonly string[] Names = ["", "ARRAY_LENGTH", "ARRAY_ELEMENTS", "TYPE", "STRUCTURAL"];

    /// <summary>Those that can be set.</summary>
    public static IReadOnlyList<string> All { get; } = Names[1..];

    public static string Of(ChangeLevel level) => Names[(int)level];

    public static ChangeLevel? Find(string name) => Array.IndexOf(Names, name, 1) is > 0 and var level ? (ChangeLevel)level : null;
}
