using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage;

/// <summary>What every store demands of a mark. A breach is a fault of the program, so it throws.</summary>
internal static class DurableValueGuard
{
    public static void Check(JsonText value)
    {
        if (value.IsEmpty || value.Utf8.Length > IDurableValues.ValueBytesMax)
            throw new ArgumentException($"A mark holds 1 to {IDurableValues.ValueBytesMax} bytes.", nameof(value));
    }
}
