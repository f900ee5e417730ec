namespace Strata.Entities.Log;

/// <summary>Which model an entity follows. Name: 1 to 256 characters; version: 1 and up.</summary>
public readonly record struct ModelKey(string Name, int Version)
{
    public const int NameLengthMax = 256;

    public override string ToString() => $"{Name}.{Version}";
}
