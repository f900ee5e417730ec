namespace Strata.Entities.Log;

/// <summary>How many entities of a model are in a state.</summary>
public readonly record struct StateCount(ModelKey Model, string State, long Count);
