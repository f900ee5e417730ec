namespace Strata.Resources.Kinds;

/// <summary>Codes of the engine's errors that mean something of their own for a resource.</summary>
internal static class EngineErrors
{
    public const string EntityNotFound = "ENTITY_NOT_FOUND";
    public const string EntityModified = "ENTITY_MODIFIED";
    public const string Conflict = "CONFLICT";
    public const string UniqueViolation = "UNIQUE_VIOLATION";
    public const string LeaseLost = "LEASE_LOST";
}
