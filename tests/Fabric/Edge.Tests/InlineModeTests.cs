using Strata.Edge.Tests.Forwarding;
using Strata.Edge.Tests.Listening;
using Strata.Edge.Tests.Metrics;
using Strata.Edge.Tests.Sites;
using Strata.Edge.Tests.Support;
using Strata.Edge.Tests.Tls;
using Strata.Edge.Tests.Visits;

namespace Strata.Edge.Tests;

// What the edge promises holds in the inline mode too, on its own event loops: the same tests again.

[InlineMode]
public class InlineForwardingTests : ForwardingTests;

[InlineMode]
public class InlineRouteRuleTests : RouteRuleTests;

[InlineMode]
public class InlineCompressionTests : CompressionTests;

[InlineMode]
public class InlineStickyTests : StickyTests;

[InlineMode]
public class InlineVisitTests : VisitTests;

[InlineMode]
public class InlineTlsTests : TlsTests;

[InlineMode]
public class InlineHttpsRedirectTests : HttpsRedirectTests;

[InlineMode]
public class InlineUpstreamTests : UpstreamTests;

[InlineMode]
public class InlineStreamTests : StreamTests;

[InlineMode]
public class InlineLimitTests : LimitTests;

[InlineMode]
public class InlineRepeatTests : RepeatTests;

[InlineMode]
public class InlineTunnelTests : TunnelTests;

[InlineMode]
public class InlineGrpcTests : GrpcTests;

[InlineMode]
public class InlineErrorPageTests : ErrorPageTests;

[InlineMode]
public class InlineFuzzTests : FuzzTests;

[InlineMode]
public class InlineSmugglingTests : SmugglingTests;

[InlineMode]
public class InlineSlowClientTests : SlowClientTests;

[InlineMode]
public class InlineStockClientTests : StockClientTests;

[InlineMode]
public class InlineMetricsTests : MetricsTests;

[InlineMode]
public class InlineSiteTests : SiteTests;

[InlineMode]
[Collection("alone")]
public class InlineLoadTests : LoadTests;
