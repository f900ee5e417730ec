using Xunit.v3;

namespace Strata.Edge.Tests.Support;

/// <summary>
/// The edges of this class's tests run in the inline mode, on event loops. A class that inherits from another runs that one's tests so.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class InlineModeAttribute : Attribute
{
    /// <summary>Whether the test that runs now belongs to such a class.</summary>
    public static bool IsOn => TestContext.Current.TestClass is IXunitTestClass { Class: var type }
        && type.IsDefined(typeof(InlineModeAttribute), inherit: false);
}
